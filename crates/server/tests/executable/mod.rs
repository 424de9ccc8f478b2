//! The executable as a person or a script runs it.

use std::io::Write;
use std::process::{Command, Output, Stdio};

/// The built executable, without arguments yet.
pub fn wanquan() -> Command {
    Command::new(env!("CARGO_BIN_EXE_wanquan"))
}

/// What it answers to these bytes on standard input.
pub fn answer(command: &mut Command, stdin: impl AsRef<[u8]>) -> Output {
    let command = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().expect("the executable is built");
    // A command that refuses its options does not read.
    let _ = child.stdin.take().expect("standard input is a pipe").write_all(stdin.as_ref());
    child.wait_with_output().expect("it ends")
}

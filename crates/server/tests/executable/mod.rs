//! The executable as a person or a script runs it.

use std::io::Write;
use std::process::{Command, Output, Stdio};

/// Runs it with these bytes on standard input.
pub fn run(args: &[impl AsRef<std::ffi::OsStr>], stdin: impl AsRef<[u8]>) -> Output {
    run_command(Command::new(env!("CARGO_BIN_EXE_wanquan")).args(args), stdin.as_ref())
}

/// The same for a command with an environment of its own.
pub fn run_command(command: &mut Command, stdin: &[u8]) -> Output {
    let command = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().expect("the executable is built");
    // A command that refuses its options does not read.
    let _ = child.stdin.take().expect("standard input is a pipe").write_all(stdin);
    child.wait_with_output().expect("it ends")
}

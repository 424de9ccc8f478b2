//! The dictionary of Chinese words: some 30 MB, read when a text is to be taken apart, given back when nobody asks.

use jieba_rs::Jieba;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, RwLock};

static LOADED: RwLock<Option<Arc<Jieba>>> = RwLock::new(None);
static USED: AtomicBool = AtomicBool::new(false);

/// The dictionary; reading it takes about a tenth of a second.
pub(super) fn get() -> Arc<Jieba> {
    USED.store(true, Ordering::Relaxed);
    if let Some(loaded) = &*LOADED.read().expect("no thread panics while holding it") {
        return Arc::clone(loaded);
    }
    let mut loaded = LOADED.write().expect("no thread panics while holding it");
    Arc::clone(loaded.get_or_insert_with(|| Arc::new(Jieba::new())))
}

/// Gives the memory of the dictionary back, unless it was needed since the last call.
pub fn rest() {
    if !USED.swap(false, Ordering::Relaxed) {
        *LOADED.write().expect("no thread panics while holding it") = None;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_given_back_is_there_again_when_it_is_needed() {
        let words = |text: &str| {
            let cut = get().cut_for_search(text, false);
            cut.into_iter().map(|token| token.word.to_owned()).collect::<Vec<_>>()
        };
        let before = words("疫情防控通知");
        rest();
        rest();
        assert_eq!(words("疫情防控通知"), before);
        assert!(before.contains(&"疫情".to_owned()), "{before:?}");
    }
}

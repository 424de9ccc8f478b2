//! A bounded memory of what is costly to get: least recently used entries leave when it is full.

use std::collections::HashMap;
use std::fmt;
use std::hash::Hash;
use std::sync::{Mutex, MutexGuard};

/// Values by key, with a generation that says how fresh each is.
pub(crate) struct Cache<K, V> {
    bytes_max: usize,
    inner: Mutex<Inner<K, V>>,
}

struct Inner<K, V> {
    entries: HashMap<K, Entry<V>>,
    bytes: usize,
    tick: u64,
}

struct Entry<V> {
    value: V,
    generation: i64,
    bytes: usize,
    used: u64,
}

impl<K, V> fmt::Debug for Cache<K, V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Cache").field("bytes_max", &self.bytes_max).finish_non_exhaustive()
    }
}

impl<K: Hash + Eq + Clone, V: Clone> Cache<K, V> {
    /// A memory of at most about `bytes_max`.
    pub(crate) fn new(bytes_max: usize) -> Self {
        let inner = Inner { entries: HashMap::new(), bytes: 0, tick: 0 };
        Self { bytes_max, inner: Mutex::new(inner) }
    }

    fn lock(&self) -> MutexGuard<'_, Inner<K, V>> {
        self.inner.lock().expect("no thread panics while holding it")
    }

    /// The value of a key, if it is at least as fresh as `generation`.
    pub(crate) fn get(&self, key: &K, generation: i64) -> Option<V> {
        let mut inner = self.lock();
        inner.tick += 1;
        let tick = inner.tick;
        let entry = inner.entries.get_mut(key).filter(|entry| entry.generation >= generation)?;
        entry.used = tick;
        Some(entry.value.clone())
    }

    /// Keeps a value of `bytes`, unless a fresher one is kept already.
    pub(crate) fn put(&self, key: K, generation: i64, value: V, bytes: usize) {
        let mut inner = self.lock();
        inner.tick += 1;
        let used = inner.tick;
        if inner.entries.get(&key).is_some_and(|kept| kept.generation > generation) {
            return;
        }
        let replaced = inner.entries.insert(key, Entry { value, generation, bytes, used });
        inner.bytes = inner.bytes + bytes - replaced.map_or(0, |old| old.bytes);
        if inner.bytes > self.bytes_max {
            inner.make_room(self.bytes_max / 4 * 3);
        }
    }
}

impl<K: Hash + Eq + Clone, V> Inner<K, V> {
    /// Lets the entries go that were not used for longest. Making a quarter of room at a time keeps sorting rare.
    fn make_room(&mut self, bytes_max: usize) {
        let mut order: Vec<(u64, K)> = self.entries.iter().map(|(key, e)| (e.used, key.clone())).collect();
        order.sort_unstable_by_key(|(used, _)| *used);
        for (_, key) in order {
            if self.bytes <= bytes_max {
                break;
            }
            if let Some(gone) = self.entries.remove(&key) {
                self.bytes -= gone.bytes;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_not_used_for_longest_leaves_first() {
        let cache = Cache::new(100);
        for key in 0..4 {
            cache.put(key, 1, key, 25);
        }
        assert_eq!(cache.get(&0, 1), Some(0));
        cache.put(4, 1, 4, 25);
        assert_eq!((cache.get(&1, 1), cache.get(&2, 1)), (None, None));
        assert_eq!((cache.get(&0, 1), cache.get(&4, 1)), (Some(0), Some(4)));
    }

    #[test]
    fn a_stale_value_is_not_given_and_does_not_replace_a_fresher_one() {
        let cache = Cache::new(100);
        cache.put("k", 2, "new", 1);
        cache.put("k", 1, "old", 1);
        assert_eq!(cache.get(&"k", 2), Some("new"));
        assert_eq!(cache.get(&"k", 3), None);
    }
}

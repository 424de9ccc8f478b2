//! Wanquan: store.

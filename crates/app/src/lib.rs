//! Wanquan: app.

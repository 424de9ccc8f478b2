//! Wanquan: domain.

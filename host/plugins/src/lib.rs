//! The life of a plugin on a host: installed, consented to, updated while in use, rolled back, removed.

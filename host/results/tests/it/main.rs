//! Results over real databases.

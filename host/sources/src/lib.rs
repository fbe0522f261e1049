//! Where packages come from and who vouches for them: files, https, OCI registries, signatures, an operator's policy.

//! What a plugin's author does: start from a template, build, check, test in the real sandbox, look inside a package.

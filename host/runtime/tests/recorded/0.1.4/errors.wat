;; Fails with the families' error: not found, and worth another try.
(component
  (import "bricklayer:host/errors@0.1.4" (instance $errors
    (type $kind' (enum
      "invalid-input" "not-found" "denied" "limit-exceeded" "timeout" "unauthenticated" "permission-denied"
      "rate-limited" "upstream" "failed"))
    (export "error-kind" (type $kind (eq $kind')))
    (type $error' (record (field "kind" $kind) (field "message" string) (field "retryable" bool)))
    (export "tool-error" (type (eq $error')))))
  (alias export $errors "tool-error" (type $error))
  ;; Memory, and an allocator that never frees: the host asks it for room when it passes values in.
  (core module $libc
    (memory (export "memory") 1)
    (global $next (mut i32) (i32.const 4096))
    (func (export "realloc") (param i32 i32 i32 i32) (result i32)
      (local $at i32)
      (local.set $at (i32.and (i32.add (global.get $next) (i32.const 7)) (i32.const -8)))
      (global.set $next (i32.add (local.get $at) (local.get 3)))
      (local.get $at)))
  (core instance $libc (instantiate $libc))
  (alias core export $libc "memory" (core memory $memory))
  (alias core export $libc "realloc" (core func $realloc))
  (core module $m
    (import "libc" "memory" (memory 1))
    (data (i32.const 64) "it is gone")
    ;; An error; its kind is the second; its message; worth another try.
    (data (i32.const 128) "\01\00\00\00" "\01\00\00\00" "\40\00\00\00\0a\00\00\00" "\01")
    (func (export "run") (result i32) (i32.const 128)))
  (core instance $i (instantiate $m (with "libc" (instance $libc))))
  (type $outcome (result string (error $error)))
  (func (export "run") (result $outcome) (canon lift (core func $i "run") (memory $memory))))

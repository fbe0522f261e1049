;; Says that a call with short arguments writes and any other reads, and has a tool beside.
(component
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
    (data (i32.const 64) "reviewed")
    (data (i32.const 128) "\40\00\00\00\08\00\00\00")
    (func (export "effect-of") (param i32 i32 i32 i32) (result i32)
      (i32.lt_u (local.get 3) (i32.const 20)))
    (func (export "run") (param i32 i32) (result i32) (i32.const 128)))
  (core instance $i (instantiate $m (with "libc" (instance $libc))))
  (type $effect' (enum "reads" "writes" "destroys"))
  ;; An interface that exports its own types is made by a component within.
  (component $shim
    (type $effect' (enum "reads" "writes" "destroys"))
    (import "effect-type" (type $e (eq $effect')))
    (import "effect-of" (func $f (param "tool" string) (param "input" string) (result $e)))
    (type $json' string)
    (export $json "json" (type $json'))
    (export $effect "effect" (type $e))
    (export "effect-of" (func $f) (func (param "tool" string) (param "input" $json) (result $effect))))
  (func $effect-of (param "tool" string) (param "input" string) (result $effect')
    (canon lift (core func $i "effect-of") (memory $memory) (realloc (core func $realloc))))
  (instance $review (instantiate $shim
    (with "effect-type" (type $effect')) (with "effect-of" (func $effect-of))))
  (export "bricklayer:host/review@0.1.4" (instance $review))
  (func (export "run") (param "text" string) (result string)
    (canon lift (core func $i "run") (memory $memory) (realloc (core func $realloc)))))

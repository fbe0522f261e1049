;; Reports progress once and answers with a text.
(component
  (import "bricklayer:host/progress@0.1.4" (instance $progress
    (export "report" (func (param "message" string) (param "done" (option f64)) (param "total" (option f64))))))
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
  (core func $report (canon lower (func $progress "report") (memory $memory) (realloc (core func $realloc))))
  (core module $m
    (import "libc" "memory" (memory 1))
    (import "host" "report" (func $report (param i32 i32 i32 f64 i32 f64)))
    (data (i32.const 64) "half way")
    (data (i32.const 128) "\40\00\00\00\08\00\00\00")
    (func (export "run") (result i32)
      (call $report (i32.const 64) (i32.const 8) (i32.const 1) (f64.const 1) (i32.const 1) (f64.const 2))
      (i32.const 128)))
  (core instance $i (instantiate $m
    (with "libc" (instance $libc)) (with "host" (instance (export "report" (func $report))))))
  (func (export "run") (result string) (canon lift (core func $i "run") (memory $memory))))

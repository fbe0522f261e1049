;; Writes a line to the log and answers with the same.
(component
  (import "bricklayer:host/log@0.1.4" (instance $log
    (type $level' (enum "debug" "info" "warn" "error"))
    (export "level" (type $level (eq $level')))
    (export "write" (func (param "level" $level) (param "message" string)))))
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
  (core func $write (canon lower (func $log "write") (memory $memory) (realloc (core func $realloc))))
  (core module $m
    (import "libc" "memory" (memory 1))
    (import "host" "write" (func $write (param i32 i32 i32)))
    (data (i32.const 64) "from a recorded guest")
    (data (i32.const 128) "\40\00\00\00\15\00\00\00")
    (func (export "run") (result i32)
      (call $write (i32.const 2) (i32.const 64) (i32.const 21))
      (i32.const 128)))
  (core instance $i (instantiate $m
    (with "libc" (instance $libc)) (with "host" (instance (export "write" (func $write))))))
  (func (export "run") (result string) (canon lift (core func $i "run") (memory $memory))))

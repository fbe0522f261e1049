;; Finds three rows for a call with short arguments and nothing for any other, and has a tool beside.
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
    (data (i32.const 80) "3 rows")
    (data (i32.const 96) "no answer")
    (data (i32.const 128) "\40\00\00\00\08\00\00\00")
    ;; What was found: ok, some, the text; and that nothing was: an error, its text.
    (data (i32.const 200) "\00\00\00\00" "\01\00\00\00" "\50\00\00\00\06\00\00\00")
    (data (i32.const 240) "\01\00\00\00" "\60\00\00\00\09\00\00\00")
    (func (export "preview-of") (param i32 i32 i32 i32) (result i32)
      (select (i32.const 200) (i32.const 240) (i32.lt_u (local.get 3) (i32.const 20))))
    (func (export "run") (param i32 i32) (result i32) (i32.const 128)))
  (core instance $i (instantiate $m (with "libc" (instance $libc))))
  (type $found' (result (option string) (error string)))
  ;; An interface that exports its own types is made by a component within.
  (component $shim
    (type $found' (result (option string) (error string)))
    (import "preview-of" (func $f (param "tool" string) (param "input" string) (result $found')))
    (type $json' string)
    (export $json "json" (type $json'))
    (export "preview-of" (func $f) (func (param "tool" string) (param "input" $json) (result $found'))))
  (func $preview-of (param "tool" string) (param "input" string) (result $found')
    (canon lift (core func $i "preview-of") (memory $memory) (realloc (core func $realloc))))
  (instance $previews (instantiate $shim (with "preview-of" (func $preview-of))))
  (export "bricklayer:host/previews@0.1.4" (instance $previews))
  (func (export "run") (param "text" string) (result string)
    (canon lift (core func $i "run") (memory $memory) (realloc (core func $realloc)))))

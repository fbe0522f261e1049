;; Says that a call with short arguments gives something away and any other reads, and has a tool beside.
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
    (data (i32.const 80) "GRANT")
    (data (i32.const 96) "main.t")
    (data (i32.const 112) "grant all")
    (data (i32.const 128) "\40\00\00\00\08\00\00\00")
    ;; The list of one object, and the list of one operation.
    (data (i32.const 136) "\60\00\00\00\06\00\00\00")
    (data (i32.const 144) "\c8\00\00\00\01\00\00\00")
    ;; The operation: effect, verb, objects, text, no detail.
    (data (i32.const 200)
      "\00\00\00\00" "\50\00\00\00\05\00\00\00" "\88\00\00\00\01\00\00\00"
      "\01\00\00\00\70\00\00\00\09\00\00\00" "\00\00\00\00\00\00\00\00\00\00\00\00")
    (func (export "operations-of") (param i32 i32 i32 i32) (result i32)
      (i32.store8 (i32.const 200) (i32.shl (i32.lt_u (local.get 3) (i32.const 20)) (i32.const 1)))
      (i32.const 144))
    (func (export "run") (param i32 i32) (result i32) (i32.const 128)))
  (core instance $i (instantiate $m (with "libc" (instance $libc))))
  (type $effect' (enum "reads" "writes" "shares" "destroys"))
  (type $operation' (record
    (field "effect" $effect') (field "verb" string) (field "objects" (list string))
    (field "text" (option string)) (field "detail" (option string))))
  ;; An interface that exports its own types is made by a component within.
  (component $shim
    (type $effect' (enum "reads" "writes" "shares" "destroys"))
    (import "effect-type" (type $e (eq $effect')))
    (type $operation' (record
      (field "effect" $e) (field "verb" string) (field "objects" (list string))
      (field "text" (option string)) (field "detail" (option string))))
    (import "operation-type" (type $o (eq $operation')))
    (import "operations-of" (func $f (param "tool" string) (param "input" string) (result (list $o))))
    (type $json' string)
    (export $json "json" (type $json'))
    (export $effect "effect" (type $e))
    (type $operation-of-effect (record
      (field "effect" $effect) (field "verb" string) (field "objects" (list string))
      (field "text" (option string)) (field "detail" (option string))))
    (export $operation "operation" (type $o) (type (eq $operation-of-effect)))
    (export "operations-of" (func $f) (func (param "tool" string) (param "input" $json) (result (list $operation)))))
  (func $operations-of (param "tool" string) (param "input" string) (result (list $operation'))
    (canon lift (core func $i "operations-of") (memory $memory) (realloc (core func $realloc))))
  (instance $operations (instantiate $shim
    (with "effect-type" (type $effect')) (with "operation-type" (type $operation'))
    (with "operations-of" (func $operations-of))))
  (export "bricklayer:host/operations@0.1.4" (instance $operations))
  (func (export "run") (param "text" string) (result string)
    (canon lift (core func $i "run") (memory $memory) (realloc (core func $realloc)))))

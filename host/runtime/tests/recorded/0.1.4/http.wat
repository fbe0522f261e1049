;; Posts to the workspace and answers with the body of the answer.
(component
  (import "bricklayer:host/http@0.1.4" (instance $http
    (type $header' (record (field "name" string) (field "value" string)))
    (export "header" (type $header (eq $header')))
    (type $headers (list $header))
    (type $bytes (list u8))
    (type $body (option $bytes))
    (type $millis (option u32))
    (type $request' (record
      (field "method" string) (field "url" string) (field "headers" $headers) (field "body" $body)
      (field "timeout-ms" $millis)))
    (export "request" (type $request (eq $request')))
    (type $response' (record (field "status" u16) (field "headers" $headers) (field "body" $bytes)))
    (export "response" (type $response (eq $response')))
    (type $error' (variant
      (case "denied" string) (case "timeout" string) (case "too-large" string) (case "invalid" string)
      (case "unreachable" string) (case "failed" string)))
    (export "http-error" (type $error (eq $error')))
    (type $answer (result $response (error $error)))
    (export "fetch" (func (param "request" $request) (result $answer)))))
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
  (core func $fetch (canon lower (func $http "fetch") (memory $memory) (realloc (core func $realloc))))
  (core module $m
    (import "libc" "memory" (memory 1))
    (import "host" "fetch" (func $fetch (param i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32)))
    (data (i32.const 64) "POST")
    (data (i32.const 80) "https://workspace/api/ok/x")
    (data (i32.const 112) "content-typeapplication/json")
    (data (i32.const 144) "{}")
    ;; One header: where its name and value stand, and how long they are.
    (data (i32.const 160) "\70\00\00\00\0c\00\00\00" "\7c\00\00\00\10\00\00\00")
    (func (export "run") (result i32)
      (call $fetch
        (i32.const 64) (i32.const 4) (i32.const 80) (i32.const 26) (i32.const 160) (i32.const 1)
        (i32.const 1) (i32.const 144) (i32.const 2) (i32.const 1) (i32.const 5000) (i32.const 256))
      ;; An answer, and its status 200.
      (if (i32.load8_u (i32.const 256)) (then unreachable))
      (if (i32.ne (i32.load16_u (i32.const 260)) (i32.const 200)) (then unreachable))
      (i32.const 272)))
  (core instance $i (instantiate $m
    (with "libc" (instance $libc)) (with "host" (instance (export "fetch" (func $fetch))))))
  (func (export "run") (result string) (canon lift (core func $i "run") (memory $memory))))

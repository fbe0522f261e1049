//! A tool that does nothing.

mod bindings {
    wit_bindgen::generate!({ path: "wit", world: "noop" });

    use exports::test::noop::tools::{Guest, NoopRequest, NoopResult};

    struct Component;

    impl Guest for Component {
        fn noop(request: NoopRequest) -> Result<NoopResult, String> {
            Ok(NoopResult { value: request.value })
        }
    }

    export!(Component);
}

//! Adds, knowing nothing of this host.

mod bindings {
    wit_bindgen::generate!({ path: "wit", world: "adder" });

    use exports::docs::adder::add::Guest;

    struct Component;

    impl Guest for Component {
        fn add(x: u32, y: u32) -> u32 {
            x.wrapping_add(y)
        }
    }

    export!(Component);
}

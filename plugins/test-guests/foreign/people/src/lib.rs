//! Records, enums, variants and lists, knowing nothing of this host.

mod bindings {
    wit_bindgen::generate!({ path: "wit", world: "directory" });

    use exports::docs::people::people::{Guest, LookupError, Person, Status};

    /// Past 2^53, so that a host that reads it as a double is found out.
    const BADGE: u64 = 9_007_199_254_740_993;

    struct Component;

    impl Guest for Component {
        fn oldest(people: Vec<Person>) -> Option<Person> {
            people.into_iter().max_by_key(|person| person.age)
        }

        fn find(badge: u64) -> Result<Person, LookupError> {
            match badge {
                0 => Err(LookupError::RegisterClosed),
                BADGE => {
                    Ok(Person { name: "Ada".to_owned(), age: 36, badge: BADGE, email: None, status: Status::Retired })
                }
                other => Err(LookupError::UnknownBadge(other)),
            }
        }
    }

    export!(Component);
}

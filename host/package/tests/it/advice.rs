//! What an author is told to mend.

use bricklayer_package::{Severity, pack_foreign, review_for_author};

use crate::support::{component, contents, side_manifest};

const BARE: &str = "
    package acme:test@1.0.0;
    interface api {
        enum color { red, green }
        record order { name: string, color: option<color>, count: u64 }
        place: func(order: order) -> result<list<string>, string>;
        /// Cancels the order with this number.
        cancel: func(number: u32, reason: string);
    }
    world w { export api; }
";

const GOOD: &str = "
    package acme:test@1.0.0;
    interface api {
        /// What to order.
        record order {
            /// Whose.
            name: string,
        }
        /// Places an order.
        place: func(order: order) -> string;
    }
    world w { export api; }
";

const ABOUT: &str = "authors = [\"A\"]\nlicence = \"MIT\"\n[tools.place]\ndestructive = false\nask = false\n";

#[test]
fn a_good_package_needs_no_advice() {
    assert_eq!(review_for_author(&contents(GOOD, ABOUT)), []);
}

#[test]
fn each_gap_comes_with_its_fix() {
    let advice = review_for_author(&contents(
        BARE,
        "[grants]\nstate = true\n[[grants.http]]\naudience = \"workspace\"\nmethods = [\"GET\"]\n\
         paths = [\"/a/**\", \"/a/b\"]\n[tools.cancel]\n",
    ));
    let lines: Vec<String> = advice
        .iter()
        .map(|advice| format!("{}: {}\n  {}", advice.severity.as_str(), advice.what, advice.fix))
        .collect();
    insta::assert_snapshot!(lines.join("\n"));
    assert!(advice.is_sorted_by_key(|advice| advice.severity));
}

#[test]
fn what_no_host_runs_comes_first() {
    let wit = "package o:t; interface door { open: func(); } world w { import door; export run: func(); }";
    let contents = pack_foreign(&component(wit), &side_manifest("")).unwrap().contents;
    let advice = review_for_author(&contents);
    assert_eq!((advice[0].severity, advice[0].what.as_str()), (Severity::Error, "import o:t/door"));
    assert!(advice.iter().any(|advice| advice.fix.contains("[tools.run] description")));
}

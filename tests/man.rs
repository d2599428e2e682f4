//! Pages for man: one for each command, with its examples.

use std::fs;

use crate::sandbox::Sandbox;

#[test]
fn every_command_gets_a_page() {
    let sandbox = Sandbox::new();
    sandbox.run(["man", "pages"]).expect_code(0);
    for name in ["logkeep", "logkeep-import", "logkeep-search", "logkeep-index-rebuild"] {
        let page = fs::read_to_string(sandbox.path(format!("pages/{name}.1"))).unwrap();
        assert!(page.contains(".TH") && page.contains("Examples:"), "{name}: {page}");
    }
}

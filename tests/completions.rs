//! Scripts that make shells complete our commands, printed without an archive or a home.

use crate::sandbox::Sandbox;

#[test]
fn every_shell_gets_a_script() {
    for shell in ["bash", "elvish", "fish", "powershell", "zsh"] {
        let output = Sandbox::new().logkeep().args(["completions", shell]).env_remove("HOME").output().unwrap();
        let script = String::from_utf8(output.stdout).unwrap();
        assert!(output.status.success() && script.contains("export") && script.contains("since"), "{shell}: {script}");
    }
    Sandbox::new().run(["completions", "csh"]).expect_code(2);
}

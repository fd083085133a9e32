//! The steps of a verification, told one by one. The verifier and the explainer are the same code, so they
//! can never disagree.

/// One check of a verification.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    /// Whether the check held.
    pub holds: bool,
    /// What was checked and found. Never a secret.
    pub text: String,
}

/// Listens to a verification. On the way of a callback nobody listens and no text is made.
#[derive(Debug, Default)]
pub struct Explain {
    steps: Option<Vec<Step>>,
}

impl Explain {
    /// Nobody listens.
    pub fn off() -> Self {
        Self { steps: None }
    }

    /// Keeps every step.
    pub fn on() -> Self {
        Self { steps: Some(Vec::new()) }
    }

    /// A check that held.
    pub fn holds(&mut self, text: impl FnOnce() -> String) {
        self.step(true, text);
    }

    /// A check that did not hold, or a hint why.
    pub fn fails(&mut self, text: impl FnOnce() -> String) {
        self.step(false, text);
    }

    /// Whether somebody listens: for hints that cost work.
    pub fn is_on(&self) -> bool {
        self.steps.is_some()
    }

    /// The steps so far.
    pub fn steps(&self) -> &[Step] {
        self.steps.as_deref().unwrap_or_default()
    }

    fn step(&mut self, holds: bool, text: impl FnOnce() -> String) {
        if let Some(steps) = &mut self.steps {
            steps.push(Step { holds, text: text() });
        }
    }
}

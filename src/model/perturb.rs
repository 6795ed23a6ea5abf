//! The perturbations of `sockspec stress`: the ways in which a run is disturbed that may change how
//! its bytes are cut and when its steps run, and nothing that a spec may depend on.

/// Which of them a run has.
#[expect(clippy::struct_excessive_bools, reason = "each is turned off on its own")]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Perturb {
    /// Sends on streams are cut into pieces, or joined.
    pub segments: bool,
    /// Sockets have small buffers.
    pub buffers: bool,
    /// Steps are delayed, and lanes run in another order.
    pub schedule: bool,
    /// Every core of the machine is busy.
    pub load: bool,
}

impl Perturb {
    /// All of them.
    pub const ALL: Self = Self { segments: true, buffers: true, schedule: true, load: true };

    /// The one of that name.
    pub fn named(&mut self, name: &str) -> Option<&mut bool> {
        match name {
            "segments" => Some(&mut self.segments),
            "buffers" => Some(&mut self.buffers),
            "schedule" => Some(&mut self.schedule),
            "load" => Some(&mut self.load),
            _ => None,
        }
    }
}

impl Default for Perturb {
    fn default() -> Self {
        Self::ALL
    }
}

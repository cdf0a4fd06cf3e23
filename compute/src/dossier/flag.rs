//! Integrity flags (index-766.md §7): raised with evidence, never an accusation.

/// One kind of irregularity.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
#[repr(u8)]
pub enum Flag {
    /// The process was closed before any result.
    ClosedBeforeResult,
    /// The due date was changed after it had passed, or more than once.
    DueChangedLateOrTwice,
    /// A second supplement request.
    SecondSupplement,
    /// A supplement was asked after the due date.
    SupplementAfterDue,
    /// A pause within the last working hour before the due date.
    PauseJustBeforeDue,
    /// Accepted more than 8 working hours after online filing.
    AcceptedLate,
    /// Deleted.
    Deleted,
    /// Deleted, and filed again for the same procedure and agency within a day.
    DeletedAndFiledAgain,
    /// Reopened after a late end.
    ReopenedAfterLateEnd,
    /// Among 20 or more ends by one officer within one minute.
    BulkEnd,
    /// Filed or paid on the citizen's behalf.
    OnBehalf,
    /// The result was returned before it was processed.
    ReturnedBeforeProcessed,
    /// Events in an impossible order.
    ImpossibleOrder,
}

impl Flag {
    /// All, in the order of their bits.
    pub const ALL: [Flag; 13] = [
        Flag::ClosedBeforeResult,
        Flag::DueChangedLateOrTwice,
        Flag::SecondSupplement,
        Flag::SupplementAfterDue,
        Flag::PauseJustBeforeDue,
        Flag::AcceptedLate,
        Flag::Deleted,
        Flag::DeletedAndFiledAgain,
        Flag::ReopenedAfterLateEnd,
        Flag::BulkEnd,
        Flag::OnBehalf,
        Flag::ReturnedBeforeProcessed,
        Flag::ImpossibleOrder,
    ];

    /// The stable name in files and addresses.
    pub fn name(self) -> &'static str {
        match self {
            Flag::ClosedBeforeResult => "closed_before_result",
            Flag::DueChangedLateOrTwice => "due_changed_late_or_twice",
            Flag::SecondSupplement => "second_supplement",
            Flag::SupplementAfterDue => "supplement_after_due",
            Flag::PauseJustBeforeDue => "pause_just_before_due",
            Flag::AcceptedLate => "accepted_late",
            Flag::Deleted => "deleted",
            Flag::DeletedAndFiledAgain => "deleted_and_filed_again",
            Flag::ReopenedAfterLateEnd => "reopened_after_late_end",
            Flag::BulkEnd => "bulk_end",
            Flag::OnBehalf => "on_behalf",
            Flag::ReturnedBeforeProcessed => "returned_before_processed",
            Flag::ImpossibleOrder => "impossible_order",
        }
    }
}

/// A set of flags.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub struct Flags(pub(crate) u16);

impl Flags {
    /// Adds `flag`.
    pub fn raise(&mut self, flag: Flag) {
        self.0 |= 1 << flag as u8;
    }

    /// Adds `flag` if `is_raised`.
    pub fn raise_if(&mut self, flag: Flag, is_raised: bool) {
        self.0 |= u16::from(is_raised) << flag as u8;
    }

    /// Whether `flag` is in it.
    pub fn has(self, flag: Flag) -> bool {
        self.0 & (1 << flag as u8) != 0
    }

    /// Whether no flag is.
    pub fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// A set of these.
    pub fn of(flags: impl IntoIterator<Item = Flag>) -> Flags {
        flags.into_iter().fold(Flags::default(), |mut set, flag| {
            set.raise(flag);
            set
        })
    }

    /// The flags in it.
    pub fn iter(self) -> impl Iterator<Item = Flag> {
        Flag::ALL.into_iter().filter(move |flag| self.has(*flag))
    }
}

//! The slots of running scripts, shared fairly by accounts.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::oneshot;

use crate::access::Account;
use crate::base::Error;

/// Slots for runs. An account has at most a part of them, and a free slot goes to the account with the fewest runs.
pub(super) struct FairSlots {
    state: Arc<Mutex<State>>,
}

struct State {
    /// The number of all slots, and of those that one account can have.
    total: usize,
    per_account: usize,
    running: HashMap<Account, usize>,
    /// The waiting runs, in the order of their arrival.
    waiting: Vec<(Account, oneshot::Sender<Slot>)>,
}

/// The slot of a run. Dropping it frees the slot.
pub(super) struct Slot {
    account: Account,
    state: Arc<Mutex<State>>,
}

impl FairSlots {
    /// Creates free slots.
    pub(super) fn new(total: usize, per_account: usize) -> FairSlots {
        let state = State { total, per_account, running: HashMap::new(), waiting: Vec::new() };
        FairSlots { state: Arc::new(Mutex::new(state)) }
    }

    /// Waits for a slot.
    pub(super) async fn acquire(&self, account: Account) -> Result<Slot, Error> {
        let (sender, receiver) = oneshot::channel();
        lock(&self.state).waiting.push((account, sender));
        hand_out(&self.state);
        // The sender is dropped only with the state.
        receiver.await.map_err(|_| Error::shutting_down())
    }
}

impl State {
    /// Removes the next run that can have a slot from the queue.
    fn next(&mut self) -> Option<(Account, oneshot::Sender<Slot>)> {
        if self.running.values().sum::<usize>() >= self.total {
            return None;
        }
        let runs = |account: &Account| self.running.get(account).copied().unwrap_or_default();
        let waiting = self.waiting.iter().enumerate().map(|(index, (account, _))| (runs(account), index));
        let (_, index) = waiting.filter(|(runs, _)| *runs < self.per_account).min()?;
        let (account, sender) = self.waiting.remove(index);
        *self.running.entry(account.clone()).or_default() += 1;
        Some((account, sender))
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        {
            let mut state = lock(&self.state);
            let is_last = match state.running.get_mut(&self.account) {
                Some(runs) => {
                    *runs -= 1;
                    *runs == 0
                }
                None => false,
            };
            if is_last {
                state.running.remove(&self.account);
            }
        }
        hand_out(&self.state);
    }
}

/// Gives free slots to waiting runs.
fn hand_out(state: &Arc<Mutex<State>>) {
    loop {
        let next = lock(state).next();
        let Some((account, sender)) = next else { return };
        // If the run was cancelled, the slot is dropped here, which hands it out again.
        drop(sender.send(Slot { account, state: Arc::clone(state) }));
    }
}

fn lock(state: &Mutex<State>) -> MutexGuard<'_, State> {
    state.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use futures_util::FutureExt;

    use super::*;

    fn account(name: &str) -> Account {
        Account::new(name).unwrap()
    }

    #[tokio::test]
    async fn account_gets_a_part_of_the_slots_and_free_ones_go_to_the_least_served() {
        let slots = FairSlots::new(3, 2);
        let acquire = |name: &str| Box::pin(slots.acquire(account(name)));
        let one = acquire("a").await.unwrap();
        let two = acquire("a").await.unwrap();
        let mut third = acquire("a");
        assert!((&mut third).now_or_never().is_none(), "an account got more than its part");
        let other = acquire("b").await.unwrap();
        let (mut second_of_b, mut first_of_c) = (acquire("b"), acquire("c"));
        assert!((&mut second_of_b).now_or_never().is_none() && (&mut first_of_c).now_or_never().is_none());
        drop(one);
        // `a` and `b` came first, but have runs.
        let first_of_c = tokio::time::timeout(Duration::from_secs(1), first_of_c).await.unwrap().unwrap();
        assert!((&mut third).now_or_never().is_none() && (&mut second_of_b).now_or_never().is_none());
        drop(two);
        let third = third.await.unwrap();
        drop((other, first_of_c));
        drop((second_of_b.await.unwrap(), third));
        assert!(lock(&slots.state).running.is_empty());
    }

    #[tokio::test]
    async fn slot_of_a_cancelled_run_is_free() {
        let slots = FairSlots::new(1, 1);
        let first = slots.acquire(account("a")).await.unwrap();
        let mut cancelled = Box::pin(slots.acquire(account("b")));
        assert!((&mut cancelled).now_or_never().is_none());
        drop(cancelled);
        drop(first);
        tokio::time::timeout(Duration::from_secs(1), slots.acquire(account("c"))).await.unwrap().unwrap();
    }
}

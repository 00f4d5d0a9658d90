// SPDX-License-Identifier: Apache-2.0
package dev.pillion.state.spi;

import dev.pillion.concurrent.Deadline;
import java.util.List;

/** A store that can apply many writes, all or none. */
public interface TransactionalStateStore extends StateStoreComponent {
  /**
   * Applies all changes in order, or none. A key may occur more than once; only its first change
   * then carries a condition, so that it does not matter whether a store judges conditions first or
   * one by one.
   *
   * @throws dev.pillion.EtagMismatchException of the first change whose condition does not hold;
   *     nothing was written
   * @throws dev.pillion.TransactionException when the store can't take this set of changes, decided
   *     before sending
   */
  void transact(List<StateChange> changes, Deadline deadline);

  /** How many changes one transaction may hold. */
  default int maxTransactionSize() {
    return Integer.MAX_VALUE;
  }
}

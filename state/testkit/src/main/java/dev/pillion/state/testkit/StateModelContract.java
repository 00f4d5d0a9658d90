// SPDX-License-Identifier: Apache-2.0
package dev.pillion.state.testkit;

import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** Random operations against a map that says what must come out. */
abstract class StateModelContract extends StateTopic {
  StateModelContract(StateStoreContract contract) {
    super(contract);
  }

  @Test
  void randomOperationsMatchAMap() {
    long seed = Long.getLong("pillion.contract.seed", new Random().nextLong());
    int operations = Integer.getInteger("pillion.contract.operations", 2000);
    var keys = Stream.of("a", "b", "c", "d", "e", "f", "g", "h").map(this::key).toList();
    new StateStoreModel(store(), keys, hasTransactions(), seed).run(operations);
  }
}

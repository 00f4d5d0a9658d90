// SPDX-License-Identifier: Apache-2.0
package dev.pillion.state.testkit;

import dev.pillion.state.StateStore;
import dev.pillion.testkit.RealTime;
import org.junit.jupiter.api.AfterAll;

/** The contract on a shared store whose clock goes by itself, the way most authors run it. */
class ReferenceStoreOnRealTimeTest extends StateStoreContract {
  private static final BareStateStore STORE =
      BareStateStore.open(new ReferenceStore(Flaw.NONE, new RealTime()));

  @AfterAll
  static void close() {
    STORE.close();
  }

  @Override
  protected StateStore store() {
    return STORE;
  }
}

// SPDX-License-Identifier: Apache-2.0
package dev.pillion.grpc;

import dev.pillion.state.StateStore;
import dev.pillion.state.engine.InMemoryStateStore;
import dev.pillion.state.testkit.StateStoreContract;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;

/** The contract of state stores, over the wire. */
class FacadeContractTest extends StateStoreContract {
  private static TestFacade facade;

  @BeforeAll
  static void start() {
    facade = TestFacade.over(new InMemoryStateStore());
  }

  @AfterAll
  static void close() {
    facade.close();
  }

  @Override
  protected StateStore store() {
    return new FacadeStateStore(TestFacade.STORE, facade.channel());
  }
}

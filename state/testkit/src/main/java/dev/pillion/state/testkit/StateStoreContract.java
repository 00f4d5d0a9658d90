// SPDX-License-Identifier: Apache-2.0
package dev.pillion.state.testkit;

import dev.pillion.state.StateStore;
import java.time.Duration;
import java.time.Instant;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Nested;

/**
 * What every state store does, as tests. An author of a store writes one subclass and inherits them
 * all, later ones included:
 *
 * <pre>{@code
 * class PaperStateStoreTest extends StateStoreContract {
 *   static final BareStateStore STORE = BareStateStore.open(PaperStateStore.at("drawer"));
 *
 *   @AfterAll
 *   static void close() { STORE.close(); }
 *
 *   @Override
 *   protected StateStore store() { return STORE; }
 * }
 * }</pre>
 *
 * <p>The tests speak to the user's interface, so that the same ones run on a bare component (as
 * above), on a runtime's handle, and on a facade through an adapter. Values are {@code byte[]}.
 *
 * <p>Keys are new in every test: the store may be shared, and may hold other data. A store need not
 * implement transactions; its tests of them are then skipped, by name. The tests of expiry wait
 * about twelve seconds in all, unless {@link #advance} moves the clock.
 *
 * <p>{@code -Dpillion.contract.seed=} repeats a failed run of the model test with the seed that its
 * failure names, {@code -Dpillion.contract.operations=} makes it longer (default 2000).
 */
public abstract class StateStoreContract {
  /** The store under test, open; within one test always one with the same data. */
  protected abstract StateStore store();

  /**
   * Moves the store's clock forward, where it has one that can be moved; {@link #now} then follows
   * it. Otherwise leave it alone: the tests wait until values have gone.
   */
  protected void advance(Duration time) {}

  /** The time of the store's clock, give or take a few minutes. */
  protected Instant now() {
    return Instant.now();
  }

  /**
   * What the keys of one test begin with, before their random part. A cluster's hash tag goes here,
   * where the keys of a transaction must lie together.
   */
  protected String keyPrefix() {
    return "";
  }

  @Nested
  @DisplayName("values and keys")
  class Values extends StateValueContract {
    Values() {
      super(StateStoreContract.this);
    }
  }

  @Nested
  @DisplayName("etags")
  class Etags extends StateEtagContract {
    Etags() {
      super(StateStoreContract.this);
    }
  }

  @Nested
  @DisplayName("conflicts")
  class Conflicts extends StateConflictContract {
    Conflicts() {
      super(StateStoreContract.this);
    }
  }

  @Nested
  @DisplayName("time to live")
  class TimeToLive extends StateTtlContract {
    TimeToLive() {
      super(StateStoreContract.this);
    }
  }

  @Nested
  @DisplayName("bulk")
  class Bulk extends StateBulkContract {
    Bulk() {
      super(StateStoreContract.this);
    }
  }

  @Nested
  @DisplayName("transactions")
  class Transactions extends StateTransactionContract {
    Transactions() {
      super(StateStoreContract.this);
    }
  }

  @Nested
  @DisplayName("aliasing")
  class Aliasing extends StateAliasingContract {
    Aliasing() {
      super(StateStoreContract.this);
    }
  }

  @Nested
  @DisplayName("concurrency")
  class Concurrency extends StateConcurrencyContract {
    Concurrency() {
      super(StateStoreContract.this);
    }
  }

  @Nested
  @DisplayName("model")
  class Model extends StateModelContract {
    Model() {
      super(StateStoreContract.this);
    }
  }
}

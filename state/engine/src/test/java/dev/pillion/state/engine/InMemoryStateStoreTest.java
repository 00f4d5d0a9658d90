// SPDX-License-Identifier: Apache-2.0
package dev.pillion.state.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;

import dev.pillion.concurrent.TimeSource;
import dev.pillion.state.SaveOptions;
import dev.pillion.state.StateStore;
import dev.pillion.state.testkit.BareStateStore;
import dev.pillion.state.testkit.StateStoreContract;
import dev.pillion.testkit.ManualTime;
import java.time.Duration;
import java.time.Instant;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;

/** The contract on the bare component, and what is particular to it. */
class InMemoryStateStoreTest extends StateStoreContract {
  private static final byte[] VALUE = {1, 2, 3};

  private final ManualTime time = new ManualTime();
  private final InMemoryStateStore component = new InMemoryStateStore();
  private final BareStateStore store = BareStateStore.open(component, time);

  @Override
  protected StateStore store() {
    return store;
  }

  @Override
  protected void advance(Duration duration) {
    time.advance(duration);
  }

  @Override
  protected Instant now() {
    return time.now();
  }

  @Test
  void sweepsOnlyWhileSomethingCanExpire() {
    store.save("keeps", VALUE);
    assertThat(time.pending()).isZero();
    store.save("goes", VALUE, SaveOptions.defaults().expireAfter(Duration.ofSeconds(3)));
    store.save("goes too", VALUE, SaveOptions.defaults().expireAfter(Duration.ofSeconds(5)));
    assertThat(time.pending()).isOne();
    time.advance(Duration.ofSeconds(4));
    assertThat(component.size()).isEqualTo(2);
    time.advance(Duration.ofSeconds(3));
    assertThat(component.size()).isOne();
    assertThat(time.pending()).isZero();
  }

  @Test
  void aValueThatWasSavedAgainWithoutExpiryOrDeletedIsSweptNoMore() {
    var brief = SaveOptions.defaults().expireAfter(Duration.ofSeconds(3));
    store.save("stays", VALUE, brief);
    store.save("deleted", VALUE, brief);
    store.save("stays", VALUE);
    store.delete("deleted");
    time.advance(Duration.ofSeconds(1));
    assertThat(time.pending()).isZero();
    time.advance(Duration.ofSeconds(9));
    assertThat(store.get("stays", byte[].class)).contains(VALUE);
    assertThat(component.size()).isOne();
  }

  @Test
  void aReadAsksTheClockOnlyWhereItDecides() {
    store.save("keeps", VALUE);
    store.save("goes", VALUE, SaveOptions.defaults().expireAfter(Duration.ofSeconds(9)));
    var asked = new AtomicInteger();
    var counted = new TimeSource() {
      @Override
      public Instant now() {
        asked.incrementAndGet();
        return time.now();
      }

      @Override
      public long nanos() {
        return time.nanos();
      }

      @Override
      public Scheduled schedule(Duration delay, Runnable task) {
        return time.schedule(delay, task);
      }
    };
    var reopened = BareStateStore.open(component, counted);
    asked.set(0);
    reopened.get("keeps", byte[].class);
    reopened.get("nothing", byte[].class);
    assertThat(asked).hasValue(0);
    reopened.get("goes", byte[].class);
    assertThat(asked).hasValue(1);
  }

  @Test
  void hidesAnExpiredValueBeforeAnySweep() {
    store.save("goes", VALUE, SaveOptions.defaults().expireAfter(Duration.ofSeconds(1)));
    time.jump(Duration.ofSeconds(2));
    assertThat(store.get("goes", byte[].class)).isEmpty();
  }

  @Test
  void aClockSetBackBringsAnExpiredButUnsweptValueBack() {
    store.save("goes", VALUE, SaveOptions.defaults().expireAfter(Duration.ofSeconds(60)));
    time.jump(Duration.ofHours(1));
    assertThat(store.get("goes", byte[].class)).isEmpty();
    time.jump(Duration.ofHours(-1));
    assertThat(store.get("goes", byte[].class)).contains(VALUE);
  }

  @Test
  void closesItsTimerAndRefusesCallsUntilItIsOpenedAgain() {
    store.save("keeps", VALUE);
    store.save("goes", VALUE, SaveOptions.defaults().expireAfter(Duration.ofSeconds(1)));
    store.close();
    store.close();
    assertThat(time.pending()).isZero();
    assertThatIllegalStateException()
        .isThrownBy(() -> store.get("keeps", byte[].class))
        .withMessageContaining("not open");
    var reopened = BareStateStore.open(component, time);
    assertThat(reopened.get("keeps", byte[].class)).contains(VALUE);
    assertThat(reopened.get("goes", byte[].class)).contains(VALUE);
    time.advance(Duration.ofSeconds(3));
    assertThat(component.size()).isOne();
  }

  @Test
  void isDaprsTypeFromAComponentFile() {
    assertThat(component.type()).isEqualTo("state.in-memory");
    assertThat(new InMemoryStateStore.Provider().type()).isEqualTo("state.in-memory");
  }
}

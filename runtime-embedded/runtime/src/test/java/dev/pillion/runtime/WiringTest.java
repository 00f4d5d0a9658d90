// SPDX-License-Identifier: Apache-2.0
package dev.pillion.runtime;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;

import dev.pillion.state.SaveOptions;
import dev.pillion.state.StateStore;
import dev.pillion.state.engine.InMemoryStateStore;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.Executors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/**
 * As a dependency-injection container would: the runtime first, its handles as fields of services,
 * everything closed in reverse; twice in one JVM, at the same time.
 */
@Timeout(60)
class WiringTest {
  record Order(String id, int amount) {}

  /** A service that knows a building block and no runtime. */
  static final class Orders implements AutoCloseable {
    private final StateStore store;
    private boolean closed;

    Orders(StateStore store) {
      this.store = store;
    }

    void place(Order order) {
      store.save(order.id(), order, SaveOptions.firstWrite());
    }

    int amount(String id) {
      return store.get(id, Order.class).map(Order::amount).orElse(0);
    }

    @Override
    public void close() {
      store.save("closed", true);
      closed = true;
    }
  }

  /** A second service that uses the first. */
  record Checkout(Orders orders, StateStore audit) {
    int buy(String id, int amount) {
      orders.place(new Order(id, amount));
      audit.transaction(tx -> tx.save(id, "bought").save("last", id));
      return orders.amount(id);
    }
  }

  /** What a container keeps: each bean after those it needs. */
  static final class Container implements AutoCloseable {
    private final Deque<Runnable> closers = new ArrayDeque<>();
    final EmbeddedRuntime runtime;
    final Orders orders;
    final Checkout checkout;

    Container(String appId, InMemoryStateStore shared) {
      runtime = EmbeddedRuntime.builder(appId)
          .component("orders", shared)
          .component("audit", new InMemoryStateStore())
          .start();
      closers.push(runtime::close);
      orders = new Orders(runtime.state("orders"));
      closers.push(orders::close);
      checkout = new Checkout(orders, runtime.state("audit"));
    }

    @Override
    public void close() {
      while (!closers.isEmpty()) {
        closers.pop().run();
      }
    }
  }

  @Test
  void servicesCloseBeforeTheRuntimeTheyUse() {
    var container = new Container("shop", new InMemoryStateStore());
    assertThat(container.checkout.buy("42", 7)).isEqualTo(7);
    container.close();
    assertThat(container.orders.closed).isTrue();
    assertThatIllegalStateException().isThrownBy(() -> container.checkout.buy("43", 7));
  }

  @Test
  void twiceInOneJvmAtTheSameTime() throws Exception {
    var together = new CyclicBarrier(2);
    var amounts = new CopyOnWriteArrayList<Integer>();
    var pool = Executors.newFixedThreadPool(2);
    try {
      Callable<Boolean> program = () -> {
        together.await();
        for (int round = 0; round < 20; round++) {
          try (var container = new Container("shop", new InMemoryStateStore())) {
            // The same ids, app ids and names in both: neither sees the other.
            for (int i = 0; i < 50; i++) {
              amounts.add(container.checkout.buy("order-" + i, i));
            }
            assertThat(container.runtime.describe().components()).hasSize(2);
          }
        }
        return true;
      };
      for (var done : pool.invokeAll(List.of(program, program))) {
        assertThat(done.get()).isTrue();
      }
    } finally {
      pool.shutdownNow();
    }
    assertThat(amounts).hasSize(2 * 20 * 50);
  }
}

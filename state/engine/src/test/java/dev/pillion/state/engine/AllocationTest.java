// SPDX-License-Identifier: Apache-2.0
package dev.pillion.state.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.pillion.call.CallChain;
import dev.pillion.component.ComponentMetadata;
import dev.pillion.state.StateStore;
import dev.pillion.state.testkit.BareStateStore;
import dev.pillion.testkit.ManualTime;
import java.lang.management.ManagementFactory;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** What a read costs beside its value: a count of bytes, not a timing. */
class AllocationTest {
  private static final int VALUE_BYTES = 1000;
  private static final int CALLS = 20_000;
  private static final int BYTES_BESIDE_THE_VALUE = 200;

  @Test
  void aReadOfBytesAllocatesLittleBesideTheValue() {
    assumeTrue(
        ManagementFactory.getThreadMXBean() instanceof com.sun.management.ThreadMXBean,
        "this JVM does not count allocations");
    var component = new InMemoryStateStore();
    var bare = BareStateStore.open(component, new ManualTime());
    StateStore store = new StateEngine("orders", "", new TestJson(), CallChain.of(List.of()))
        .store("st", component, ComponentMetadata.of(Map.of()));
    store.save("k1", new byte[VALUE_BYTES]);
    readOften(store);

    long allocated = readOften(store) / CALLS;

    assertThat(allocated)
        .isBetween((long) VALUE_BYTES, (long) VALUE_BYTES + BYTES_BESIDE_THE_VALUE);
    bare.close();
  }

  private static long readOften(StateStore store) {
    var threads = (com.sun.management.ThreadMXBean) ManagementFactory.getThreadMXBean();
    long id = Thread.currentThread().getId();
    long before = threads.getThreadAllocatedBytes(id);
    int found = 0;
    for (int i = 0; i < CALLS; i++) {
      found += store.get("k1", byte[].class).orElseThrow().length;
    }
    long allocated = threads.getThreadAllocatedBytes(id) - before;
    assertThat(found).isEqualTo(CALLS * VALUE_BYTES);
    return allocated;
  }
}

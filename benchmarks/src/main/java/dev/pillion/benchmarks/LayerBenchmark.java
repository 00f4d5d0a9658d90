// SPDX-License-Identifier: Apache-2.0
package dev.pillion.benchmarks;

import dev.pillion.TypeRef;
import dev.pillion.component.ComponentContext;
import dev.pillion.concurrent.Deadline;
import dev.pillion.runtime.EmbeddedRuntime;
import dev.pillion.runtime.JsonSerializer;
import dev.pillion.state.ReadOptions;
import dev.pillion.state.StateStore;
import dev.pillion.state.engine.InMemoryStateStore;
import dev.pillion.state.spi.StateChange;
import dev.pillion.state.spi.StateStoreComponent;
import dev.pillion.state.spi.StoredValue;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;
import org.openjdk.jmh.annotations.Warmup;

/**
 * What our layer costs: over a store that does nothing, and over the in-memory store beside the
 * bare map and bare Jackson.
 */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.SampleTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Fork(1)
@Warmup(iterations = 4, time = 1)
@Measurement(iterations = 5, time = 1)
public class LayerBenchmark {
  private static final int KEYS = 100_000;
  private static final byte[] VALUE = new byte[100];

  /** A typed value of some size, all immutable. */
  public record Order(String id, String customer, int cents, List<String> items, boolean paid) {}

  private final NullStore nothing = new NullStore();
  private final JsonSerializer json = new JsonSerializer();
  private final Map<String, byte[]> map = new ConcurrentHashMap<>();
  private final String[] keys = new String[KEYS];
  private byte[] orderJson;
  private EmbeddedRuntime runtime;
  private StateStore overNothing;
  private StateStore inMemory;
  private int next;

  /** Fills the stores. */
  @Setup
  public void open() {
    runtime = EmbeddedRuntime.builder("checkout")
        .component("nothing", nothing)
        .component("memory", new InMemoryStateStore())
        .start();
    overNothing = runtime.state("nothing");
    inMemory = runtime.state("memory");
    var order = new Order("42", "alice", 990, List.of("book", "lamp"), true);
    orderJson = json.serialize(order);
    for (int i = 0; i < KEYS; i++) {
      keys[i] = "key-" + i;
      map.put(keys[i], VALUE);
      inMemory.save(keys[i], VALUE);
    }
    inMemory.save("order", order);
  }

  /** Closes the runtime. */
  @TearDown
  public void close() {
    runtime.close();
  }

  private String key() {
    next = next + 1 == KEYS ? 0 : next + 1;
    return keys[next];
  }

  @Benchmark
  public Object mapGet() {
    return map.get(key());
  }

  @Benchmark
  public Object inMemoryGet() {
    return inMemory.get(key(), byte[].class);
  }

  @Benchmark
  public Object jacksonAlone() {
    return json.deserialize(orderJson, TypeRef.of(Order.class));
  }

  @Benchmark
  public Object typedGet() {
    return inMemory.get("order", Order.class);
  }

  @Benchmark
  public Object nullComponentGet() {
    return nothing.get(key(), ReadOptions.defaults(), Deadline.none());
  }

  @Benchmark
  public Object layerGet() {
    return overNothing.get(key(), byte[].class);
  }

  @Benchmark
  public void layerSave() {
    overNothing.save(key(), VALUE);
  }

  /** A component that costs nothing, so that what is measured is the layer. */
  static final class NullStore implements StateStoreComponent {
    private final Optional<StoredValue> value = Optional.of(new StoredValue(VALUE, "1", null));
    volatile StateChange last;

    @Override
    public void open(ComponentContext context) {}

    @Override
    public Optional<StoredValue> get(String key, ReadOptions options, Deadline deadline) {
      return value;
    }

    @Override
    public void apply(StateChange change, Deadline deadline) {
      last = change;
    }

    @Override
    public void close() {}
  }
}

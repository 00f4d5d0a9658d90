// SPDX-License-Identifier: Apache-2.0
package dev.pillion.benchmarks;

import dev.pillion.invocation.AppClient;
import dev.pillion.invocation.InProcessNetwork;
import dev.pillion.runtime.EmbeddedRuntime;
import java.util.ArrayList;
import java.util.List;
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

/** What a call between two runtimes of one JVM costs: with immutables, and with one that is not. */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.SampleTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Fork(1)
@Warmup(iterations = 4, time = 1)
@Measurement(iterations = 5, time = 1)
public class InvocationBenchmark {
  /** What is asked, immutable. */
  public record Reserve(String item, int amount) {}

  /** What is asked, changeable. */
  public static final class Basket {
    public final List<String> items = new ArrayList<>(List.of("book", "lamp"));
  }

  private final Reserve request = new Reserve("book", 1);
  private final Basket basket = new Basket();
  private EmbeddedRuntime inventory;
  private EmbeddedRuntime checkout;
  private AppClient client;

  /** Starts both runtimes. */
  @Setup
  public void open() {
    var network = InProcessNetwork.create();
    inventory = EmbeddedRuntime.builder("inventory")
        .network(network)
        .method("reserve", Reserve.class, reserve -> reserve)
        .method("count", Basket.class, given -> given.items.size())
        .start();
    checkout = EmbeddedRuntime.builder("checkout").network(network).start();
    client = checkout.app("inventory");
  }

  /** Closes both. */
  @TearDown
  public void close() {
    checkout.close();
    inventory.close();
  }

  @Benchmark
  public Object immutable() {
    return client.invoke("reserve", request, Reserve.class);
  }

  @Benchmark
  public Object mutable() {
    return client.invoke("count", basket, Integer.class);
  }
}

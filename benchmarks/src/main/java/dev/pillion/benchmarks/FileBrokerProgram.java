// SPDX-License-Identifier: Apache-2.0
package dev.pillion.benchmarks;

import dev.pillion.ComponentException;
import dev.pillion.pubsub.Topic;
import dev.pillion.pubsub.sqlite.SqlitePubSub;
import dev.pillion.runtime.EmbeddedRuntime;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.HdrHistogram.ConcurrentHistogram;
import org.HdrHistogram.Histogram;

/**
 * The programs that {@link ProcessesComparison} starts, and one of them as it sees it: each prints
 * its figures as {@code name=value}, and the subscriber ends with its standard input.
 */
public final class FileBrokerProgram implements AutoCloseable {
  private static final int WARM_UP = 50;
  private static final int EVENTS = 500;
  private static final long SETTLE_MILLIS = 20_000;
  private static final long IDLE_MILLIS = 60_000;

  private final Process process;
  private final BufferedReader lines;
  private final Map<String, Double> figures = new HashMap<>();

  private FileBrokerProgram(Process process) {
    this.process = process;
    lines =
        new BufferedReader(new InputStreamReader(process.getInputStream(), StandardCharsets.UTF_8));
  }

  static FileBrokerProgram start(String role, String file) throws IOException {
    return new FileBrokerProgram(new ProcessBuilder(
            System.getProperty("java.home") + "/bin/java",
            "-Xms256m",
            "-Xmx256m",
            "-cp",
            System.getProperty("java.class.path"),
            FileBrokerProgram.class.getName(),
            role,
            file)
        .redirectError(ProcessBuilder.Redirect.INHERIT)
        .start());
  }

  /** The figure of that name; waits for it. */
  double figure(String name) throws IOException {
    while (!figures.containsKey(name)) {
      var line = lines.readLine();
      if (line == null) {
        throw new IllegalStateException("the program ended without telling \"" + name + "\"");
      }
      var parts = line.split("=", 2);
      if (parts.length == 2) {
        figures.put(parts[0], Double.parseDouble(parts[1]));
      }
    }
    return figures.get(name);
  }

  @Override
  public void close() {
    process.destroyForcibly();
  }

  /** Which program, and the database. */
  public static void main(String[] args) throws Exception {
    switch (args[0]) {
      case "subscriber" -> subscribe(Path.of(args[1]));
      case "publisher" -> publish(Path.of(args[1]));
      default -> idle();
    }
  }

  private static void subscribe(Path file) throws Exception {
    var times = new ConcurrentHistogram(3);
    var count = new AtomicInteger();
    var all = new CountDownLatch(WARM_UP + EVENTS);
    try (var runtime = EmbeddedRuntime.builder("subscriber")
        .component("bus", SqlitePubSub.at(file))
        .start()) {
      var registration = runtime.subscribe("bus", "events", Long.class, sent -> {
        // The monotonic clock is that of the machine, the same in every process.
        long nanos = System.nanoTime() - sent;
        if (count.incrementAndGet() > WARM_UP) {
          times.recordValue(Math.max(0, nanos));
        }
        all.countDown();
      });
      idle();
      boolean ignored = all.await(5, TimeUnit.MINUTES);
      print("p50", times.getValueAtPercentile(50) / 1e6);
      print("p99", times.getValueAtPercentile(99) / 1e6);
      print("max", times.getMaxValue() / 1e6);
      print("handled", count.get());
      registration.close();
    }
  }

  private static void publish(Path file) throws Exception {
    var random = new Random(42);
    var times = new Histogram(3);
    try (var runtime = EmbeddedRuntime.builder("publisher")
        .component("bus", SqlitePubSub.at(file))
        .start()) {
      var topic = runtime.topic("bus", "events");
      for (int i = 0; i < WARM_UP + EVENTS; i++) {
        // Around the time for which the watch looks closely after a change, shorter and longer.
        Thread.sleep(50 + random.nextInt(300));
        long sent = System.nanoTime();
        publish(topic, sent);
        if (i >= WARM_UP) {
          times.recordValue(System.nanoTime() - sent);
        }
      }
      print("publishP50", times.getValueAtPercentile(50) / 1e6);
      print("published", WARM_UP + EVENTS);
    }
  }

  /** Again when the disk let the other process's commit take too long; that counts as time. */
  private static void publish(Topic topic, long sent) {
    while (true) {
      try {
        topic.publish(sent);
        return;
      } catch (ComponentException e) {
        if (!e.isTransient()) {
          throw e;
        }
        System.err.println("published again: " + e.getMessage());
      }
    }
  }

  private static void idle() throws Exception {
    Thread.sleep(SETTLE_MILLIS);
    long before = StartedProgram.cpuTicks();
    Thread.sleep(IDLE_MILLIS);
    // Linux counts 100 ticks a second: so many percent of one core in a second.
    print("idlePercent", (StartedProgram.cpuTicks() - before) * 1_000.0 / IDLE_MILLIS);
  }

  private static void print(String name, double value) {
    System.out.println(name + "=" + value);
  }
}

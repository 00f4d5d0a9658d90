// SPDX-License-Identifier: Apache-2.0
package dev.pillion.benchmarks;

import dev.pillion.pubsub.spi.PubSubComponent;
import dev.pillion.runtime.EmbeddedRuntime;
import java.lang.management.ManagementFactory;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.LockSupport;

/** One broker's soak. */
final class SoakRun {
  static final String TOPIC = "soak";

  private static final int PUBLISHERS = 2;
  private static final int MOST_UNDER_WAY = 20_000;
  private static final int FAILS_ONCE = 2_000;
  private static final long SAMPLE_NANOS = TimeUnit.SECONDS.toNanos(10);
  private static final long PATIENCE_NANOS = TimeUnit.SECONDS.toNanos(120);
  private static final double MEBIBYTE = 1024.0 * 1024;

  private final String name;
  private final PubSubComponent component;
  private final long gapNanos;
  private final Set<Long> underWay = ConcurrentHashMap.newKeySet();
  private final Set<Long> failed = ConcurrentHashMap.newKeySet();
  private final Semaphore room = new Semaphore(MOST_UNDER_WAY);
  private final AtomicLong next = new AtomicLong();
  private final AtomicLong published = new AtomicLong();
  private final AtomicLong handled = new AtomicLong();
  private final AtomicLong again = new AtomicLong();
  private final List<Double> heap = new ArrayList<>();
  private volatile boolean arrives;
  private volatile boolean over;
  private volatile Exception failure;

  SoakRun(String name, PubSubComponent component, int rate) {
    this.name = name;
    this.component = component;
    gapNanos = TimeUnit.SECONDS.toNanos(PUBLISHERS) / rate;
  }

  /** Whether nothing was lost and the heap did not grow. */
  boolean run(Duration duration) throws Exception {
    System.out.println("== " + name);
    try (var runtime =
        EmbeddedRuntime.builder("soak").component("bus", component).start()) {
      var registration = runtime.subscribe("bus", TOPIC, byte[].class, this::handle);
      awaitArrivals(runtime);
      var threads = new ArrayList<Thread>();
      for (int i = 0; i < PUBLISHERS; i++) {
        var thread = new Thread(() -> publish(runtime), "publisher-" + i);
        thread.setDaemon(true);
        thread.start();
        threads.add(thread);
      }
      watch(duration);
      over = true;
      for (Thread thread : threads) {
        thread.join();
      }
      long until = System.nanoTime() + PATIENCE_NANOS;
      while (!underWay.isEmpty() && System.nanoTime() < until) {
        Thread.sleep(100);
      }
      registration.close();
    }
    return judge();
  }

  /** A new group has on Kafka what comes once it has its partitions: nothing before that counts. */
  private void awaitArrivals(EmbeddedRuntime runtime) throws InterruptedException {
    while (!arrives) {
      runtime.topic("bus", TOPIC).publish(data(0));
      Thread.sleep(500);
    }
  }

  private static byte[] data(long number) {
    return ByteBuffer.allocate(Values.KILOBYTE.length)
        .putLong(number)
        .put(Values.KILOBYTE, 0, Values.KILOBYTE.length - Long.BYTES)
        .array();
  }

  private void publish(EmbeddedRuntime runtime) {
    var topic = runtime.topic("bus", TOPIC);
    long due = System.nanoTime();
    try {
      while (!over && failure == null) {
        room.acquire();
        long number = next.incrementAndGet();
        underWay.add(number);
        topic.publish(data(number));
        published.incrementAndGet();
        due += gapNanos;
        for (long early = due - System.nanoTime(); early > 0; early = due - System.nanoTime()) {
          LockSupport.parkNanos(early);
        }
      }
    } catch (Exception e) {
      failure = e;
    }
  }

  private void handle(byte[] data) {
    long number = ByteBuffer.wrap(data).getLong();
    if (number == 0) {
      arrives = true;
      return;
    }
    if (number % FAILS_ONCE == 0 && failed.add(number)) {
      throw new IllegalStateException("this one comes again");
    }
    handled.incrementAndGet();
    failed.remove(number);
    if (underWay.remove(number)) {
      room.release();
    } else {
      again.incrementAndGet();
    }
  }

  private void watch(Duration duration) throws InterruptedException {
    long begun = System.nanoTime();
    long minutes = 0;
    for (long i = 1; i * SAMPLE_NANOS <= duration.toNanos() && failure == null; i++) {
      long left = begun + i * SAMPLE_NANOS - System.nanoTime();
      if (left > 0) {
        TimeUnit.NANOSECONDS.sleep(left);
      }
      heap.add(usedAfterCollection());
      if (i * SAMPLE_NANOS % TimeUnit.MINUTES.toNanos(1) == 0) {
        minutes++;
        print("minute " + minutes);
      }
    }
  }

  private static double usedAfterCollection() {
    System.gc();
    var memory = ManagementFactory.getMemoryMXBean();
    return memory.getHeapMemoryUsage().getUsed() / MEBIBYTE;
  }

  private void print(String when) {
    System.out.printf(
        Locale.ROOT,
        "%s: %,d published, %,d handled, %,d of them again, %.1f MiB after GC, %d threads%n",
        when,
        published.get(),
        handled.get(),
        again.get(),
        heap.get(heap.size() - 1),
        ManagementFactory.getThreadMXBean().getThreadCount());
  }

  private boolean judge() {
    if (failure != null) {
      System.out.println("FAILED: publishing ended with " + failure);
      return false;
    }
    print("end");
    int third = heap.size() / 3;
    double middle = median(heap.subList(third, 2 * third));
    double last = median(heap.subList(heap.size() - third, heap.size()));
    boolean flat = last <= middle * 1.1 + 5;
    System.out.printf(
        Locale.ROOT,
        "%s: %,d missing; heap after GC %.1f MiB in the second third, %.1f MiB in the last: %s%n",
        name,
        underWay.size(),
        middle,
        last,
        !underWay.isEmpty() || !flat ? "FAILED" : "passed");
    return underWay.isEmpty() && flat;
  }

  private static double median(List<Double> samples) {
    return Interval.of(samples.stream().mapToDouble(Double::doubleValue).toArray())
        .median();
  }
}

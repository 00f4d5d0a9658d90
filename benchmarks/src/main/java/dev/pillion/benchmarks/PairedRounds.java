// SPDX-License-Identifier: Apache-2.0
package dev.pillion.benchmarks;

import com.sun.management.OperatingSystemMXBean;
import java.lang.management.ManagementFactory;
import java.util.ArrayList;
import java.util.concurrent.CyclicBarrier;
import org.HdrHistogram.Histogram;

/**
 * Two arms in alternating rounds on the same threads. What the machine does to one round it does to
 * the next of the other arm, so the ratio within a pair says more than either figure.
 */
final class PairedRounds {
  private static final OperatingSystemMXBean PROCESS =
      ManagementFactory.getPlatformMXBean(OperatingSystemMXBean.class);

  private final int threads;
  private final int pairs;
  private final long roundNanos;

  PairedRounds(int threads, int pairs, long roundMillis) {
    this.threads = threads;
    this.pairs = pairs;
    this.roundNanos = roundMillis * 1_000_000;
  }

  /** What one arm did in one round. */
  private record Round(double perSecond, double p50Nanos, double p99Nanos, double cpuNanos) {}

  /**
   * The comparison of two arms.
   *
   * @param throughput ours by theirs, one value a pair
   * @param p50 ours by theirs, one value a pair
   * @param p99 ours by theirs, one value a pair
   * @param cpu ours by theirs, one value a pair: what this process and all its threads took for a
   *     call, which says more than the clock where callers, client and server share two cores
   */
  record Comparison(
      double oursPerSecond,
      double theirsPerSecond,
      Interval throughput,
      double oursP50Micros,
      double theirsP50Micros,
      Interval p50,
      double oursP99Micros,
      double theirsP99Micros,
      Interval p99,
      double oursCpuMicros,
      double theirsCpuMicros,
      Interval cpu) {}

  Comparison compare(Arm ours, Arm theirs) throws Exception {
    for (int i = 0; i < 4; i++) {
      round(ours, roundNanos);
      round(theirs, roundNanos);
    }
    double[][] figures = new double[12][pairs];
    for (int i = 0; i < pairs; i++) {
      // Which arm goes first alternates: the second may find warmer caches.
      boolean oursFirst = i % 2 == 0;
      Round first = round(oursFirst ? ours : theirs, roundNanos);
      Round second = round(oursFirst ? theirs : ours, roundNanos);
      Round a = oursFirst ? first : second;
      Round b = oursFirst ? second : first;
      figures[0][i] = a.perSecond;
      figures[1][i] = b.perSecond;
      figures[2][i] = a.perSecond / b.perSecond;
      figures[3][i] = a.p50Nanos / 1_000;
      figures[4][i] = b.p50Nanos / 1_000;
      figures[5][i] = a.p50Nanos / b.p50Nanos;
      figures[6][i] = a.p99Nanos / 1_000;
      figures[7][i] = b.p99Nanos / 1_000;
      figures[8][i] = a.p99Nanos / b.p99Nanos;
      figures[9][i] = a.cpuNanos / 1_000;
      figures[10][i] = b.cpuNanos / 1_000;
      figures[11][i] = a.cpuNanos / b.cpuNanos;
    }
    return new Comparison(
        Interval.of(figures[0]).median(),
        Interval.of(figures[1]).median(),
        Interval.of(figures[2]),
        Interval.of(figures[3]).median(),
        Interval.of(figures[4]).median(),
        Interval.of(figures[5]),
        Interval.of(figures[6]).median(),
        Interval.of(figures[7]).median(),
        Interval.of(figures[8]),
        Interval.of(figures[9]).median(),
        Interval.of(figures[10]).median(),
        Interval.of(figures[11]));
  }

  private Round round(Arm arm, long nanos) throws Exception {
    var start = new CyclicBarrier(threads);
    var callers = new ArrayList<Caller>();
    for (int i = 0; i < threads; i++) {
      callers.add(new Caller(arm, i, nanos, start));
    }
    var others = new ArrayList<Thread>();
    long cpuBefore = PROCESS.getProcessCpuTime();
    for (int i = 1; i < threads; i++) {
      var thread = new Thread(callers.get(i), "caller-" + i);
      thread.start();
      others.add(thread);
    }
    callers.get(0).run();
    for (Thread other : others) {
      other.join();
    }
    var all = new Histogram(3);
    double perSecond = 0;
    double cpu = PROCESS.getProcessCpuTime() - cpuBefore;
    for (Caller caller : callers) {
      if (caller.failure != null) {
        throw caller.failure;
      }
      all.add(caller.latencies);
      perSecond += caller.perSecond;
    }
    return new Round(
        perSecond,
        all.getValueAtPercentile(50),
        all.getValueAtPercentile(99),
        cpu / all.getTotalCount());
  }

  private static final class Caller implements Runnable {
    private final Arm arm;
    private final int index;
    private final long nanos;
    private final CyclicBarrier start;
    private final Histogram latencies = new Histogram(3);
    private double perSecond;
    private Exception failure;

    Caller(Arm arm, int index, long nanos, CyclicBarrier start) {
      this.arm = arm;
      this.index = index;
      this.nanos = nanos;
      this.start = start;
    }

    @Override
    public void run() {
      try {
        start.await();
        long begin = System.nanoTime();
        long before = begin;
        long count = 0;
        while (before - begin < nanos) {
          arm.call(index, count++);
          long after = System.nanoTime();
          latencies.recordValue(after - before);
          before = after;
        }
        perSecond = count * 1e9 / (before - begin);
      } catch (Exception e) {
        failure = e;
      }
    }
  }
}

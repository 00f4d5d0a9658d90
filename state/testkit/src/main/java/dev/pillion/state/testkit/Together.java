// SPDX-License-Identifier: Apache-2.0
package dev.pillion.state.testkit;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/** Runs work on many threads that begin at the same moment. */
final class Together {
  private static final long PATIENCE_SECONDS = 60;

  private Together() {}

  /** One thread's work. */
  @FunctionalInterface
  interface Work<T> {
    T run(int thread) throws Exception;
  }

  /** The results by thread; the first failure of any thread is thrown. */
  static <T> List<T> run(int threads, Work<T> work) throws Exception {
    var pool = Executors.newFixedThreadPool(threads, Together::daemon);
    try {
      var start = new CyclicBarrier(threads);
      var running = new ArrayList<Future<T>>();
      for (int i = 0; i < threads; i++) {
        int thread = i;
        running.add(pool.submit(() -> {
          start.await(PATIENCE_SECONDS, TimeUnit.SECONDS);
          return work.run(thread);
        }));
      }
      var results = new ArrayList<T>();
      for (var future : running) {
        results.add(result(future));
      }
      return results;
    } finally {
      pool.shutdownNow();
    }
  }

  private static <T> T result(Future<T> future) throws Exception {
    try {
      return future.get(PATIENCE_SECONDS, TimeUnit.SECONDS);
    } catch (ExecutionException e) {
      throw new AssertionError("a thread failed: " + e.getCause(), e.getCause());
    } catch (TimeoutException e) {
      throw new AssertionError("a thread was not done after " + PATIENCE_SECONDS + " s", e);
    }
  }

  private static Thread daemon(Runnable task) {
    var thread = new Thread(task, "contract/together");
    thread.setDaemon(true);
    return thread;
  }
}

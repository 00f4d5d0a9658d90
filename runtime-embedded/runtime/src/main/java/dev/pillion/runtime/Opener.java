// SPDX-License-Identifier: Apache-2.0
package dev.pillion.runtime;

import dev.pillion.BuildingBlockException;
import dev.pillion.ComponentException;
import dev.pillion.component.ComponentContext;
import dev.pillion.concurrent.Deadline;
import dev.pillion.concurrent.Threads;
import dev.pillion.concurrent.TimeSource;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Opens components side by side. A backend that is not up yet is tried again, with growing pauses,
 * until the component's {@code initTimeout}; any other failure is final at once.
 */
final class Opener {
  private static final Logger log = LoggerFactory.getLogger(Opener.class);
  private static final Duration FIRST_PAUSE = Duration.ofMillis(50);
  private static final Duration LONGEST_PAUSE = Duration.ofSeconds(1);
  private static final Duration SHORTEST_ATTEMPT = Duration.ofMillis(50);

  private final String appId;
  private final String namespace;
  private final TimeSource time;
  private final Threads threads;
  private final Lifecycle lifecycle;

  Opener(String appId, String namespace, TimeSource time, Threads threads, Lifecycle lifecycle) {
    this.appId = appId;
    this.namespace = namespace;
    this.time = time;
    this.threads = threads;
    this.lifecycle = lifecycle;
  }

  /** One component's attempt; only its own thread writes it before the join. */
  private static final class Attempt implements Runnable {
    private final Registry.Entry entry;
    private final Opener opener;
    private @Nullable ComponentException failure;

    Attempt(Registry.Entry entry, Opener opener) {
      this.entry = entry;
      this.opener = opener;
    }

    @Override
    public void run() {
      try {
        opener.open(entry);
      } catch (ComponentException e) {
        failure = e;
      } catch (Throwable e) {
        // A driver that is not on the class path is an Error.
        failure = Registry.failedToOpen(entry, 1, e);
      }
    }
  }

  /**
   * Opens all of them and remembers how to close those that did open.
   *
   * @throws ComponentException when one could not be opened and does not say {@code ignoreErrors}
   */
  void openAll(Registry registry, List<Registry.Entry> entries) {
    var attempts = entries.stream().map(entry -> new Attempt(entry, this)).toList();
    run(attempts);
    var failures = new ArrayList<ComponentException>();
    for (var attempt : attempts) {
      var entry = attempt.entry;
      var failure = attempt.failure;
      if (failure == null) {
        lifecycle.opened(entry.describe(), entry.component());
        continue;
      }
      closeFailed(entry, failure);
      registry.leaveOut(entry.name(), String.valueOf(failure.getMessage()));
      if (entry.ignoreErrors()) {
        log.warn("starting without it, as ignoreErrors says: {}", failure.getMessage());
      } else {
        failures.add(failure);
      }
    }
    if (!failures.isEmpty()) {
      var first = failures.remove(0);
      failures.forEach(first::addSuppressed);
      throw first;
    }
  }

  private static void closeFailed(Registry.Entry entry, ComponentException failure) {
    try {
      entry.component().close();
    } catch (RuntimeException e) {
      failure.addSuppressed(e);
    }
  }

  /** Returns when all attempts have ended, whatever happens: what has opened must be closed. */
  private void run(List<Attempt> attempts) {
    if (attempts.isEmpty()) {
      return;
    }
    var others = attempts.stream()
        .skip(1)
        .map(attempt -> threads.start("open/" + attempt.entry.name(), attempt))
        .toList();
    attempts.get(0).run();
    boolean interrupted = false;
    for (Thread other : others) {
      while (other.isAlive()) {
        try {
          other.join();
        } catch (InterruptedException e) {
          interrupted = true;
          others.forEach(Thread::interrupt);
        }
      }
    }
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
  }

  private void open(Registry.Entry entry) {
    long begun = time.nanos();
    var deadline = Deadline.after(entry.initTimeout(), time);
    var context = new ComponentContext(appId, namespace, entry.name(), time, threads, deadline);
    var pause = FIRST_PAUSE;
    for (int attempt = 1; ; attempt++) {
      try {
        entry.component().open(context);
        log.info("{} is open after {} ms", entry.describe(), (time.nanos() - begun) / 1_000_000);
        return;
      } catch (BuildingBlockException e) {
        boolean mayPass = e instanceof ComponentException failure && failure.isTransient();
        if (!mayPass || deadline.remainingNanos() <= SHORTEST_ATTEMPT.toNanos()) {
          throw Registry.failedToOpen(entry, attempt, e);
        }
        if (attempt == 1) {
          log.info("{} is not there yet, trying on: {}", entry.describe(), e.getMessage());
        }
      }
      // The last attempt still has time to succeed.
      var beforeLast = Duration.ofNanos(deadline.remainingNanos()).minus(SHORTEST_ATTEMPT);
      pause(beforeLast.compareTo(pause) < 0 ? beforeLast : pause);
      pause = pause.multipliedBy(2).compareTo(LONGEST_PAUSE) < 0
          ? pause.multipliedBy(2)
          : LONGEST_PAUSE;
    }
  }

  /** Waits on the runtime's clock, not on the machine's. */
  private void pause(Duration duration) {
    var over = new CountDownLatch(1);
    var timer = time.schedule(duration, over::countDown);
    try {
      over.await();
    } catch (InterruptedException e) {
      timer.cancel();
      Thread.currentThread().interrupt();
      throw ComponentException.unavailable("interrupted while waiting for a backend", e);
    }
  }
}

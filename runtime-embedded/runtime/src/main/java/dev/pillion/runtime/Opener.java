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
    private @Nullable RuntimeException failure;

    Attempt(Registry.Entry entry, Opener opener) {
      this.entry = entry;
      this.opener = opener;
    }

    @Override
    public void run() {
      try {
        opener.open(entry);
      } catch (RuntimeException e) {
        failure = e;
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
    var failures = new ArrayList<RuntimeException>();
    for (var attempt : attempts) {
      var entry = attempt.entry;
      if (attempt.failure == null) {
        lifecycle.opened(entry.describe(), entry.component());
        continue;
      }
      entry.component().close();
      registry.remove(entry);
      if (entry.ignoreErrors()) {
        log.warn(
            "{} is left out (ignoreErrors): {}", entry.describe(), attempt.failure.getMessage());
      } else {
        failures.add(attempt.failure);
      }
    }
    if (!failures.isEmpty()) {
      var first = failures.remove(0);
      failures.forEach(first::addSuppressed);
      throw first;
    }
  }

  private void run(List<Attempt> attempts) {
    var others = new ArrayList<Thread>();
    for (int i = 1; i < attempts.size(); i++) {
      var attempt = attempts.get(i);
      others.add(threads.start("open/" + attempt.entry.name(), attempt));
    }
    if (!attempts.isEmpty()) {
      attempts.get(0).run();
    }
    for (Thread other : others) {
      try {
        other.join();
      } catch (InterruptedException e) {
        others.forEach(Thread::interrupt);
        Thread.currentThread().interrupt();
        throw ComponentException.unavailable("interrupted while components were being opened", e);
      }
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
        if (!mayPass || deadline.remainingNanos() <= pause.toNanos()) {
          throw Registry.failedToOpen(entry, attempt, e);
        }
        if (attempt == 1) {
          log.info("{} is not there yet, trying on: {}", entry.describe(), e.getMessage());
        }
      }
      pause(pause);
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

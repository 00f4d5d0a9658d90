// SPDX-License-Identifier: Apache-2.0
package dev.pillion.appchannel;

import dev.pillion.concurrent.Threads;
import dev.pillion.runtime.EmbeddedRuntime;
import dev.pillion.testkit.ManualTime;
import java.time.Duration;
import java.util.Map;
import java.util.function.Consumer;

/**
 * A runtime with a channel to an app in memory. Time moves by hand, and what the runtime does in
 * the background is done by whoever moves it.
 */
final class TestChannel implements AutoCloseable {
  final ManualTime time = new ManualTime();
  final InMemoryApp app;
  final AppChannel channel;
  final EmbeddedRuntime runtime;

  private TestChannel(
      AppOptions options,
      InMemoryApp app,
      Threads threads,
      Consumer<EmbeddedRuntime.Builder> more) {
    this.app = app;
    this.channel = AppChannel.over(options, app);
    var builder = EmbeddedRuntime.builder("checkout")
        .environment(Map.of())
        .drainTimeout(Duration.ZERO)
        .time(time)
        .threads(threads)
        .with(channel);
    more.accept(builder);
    this.runtime = builder.start();
  }

  static AppOptions options() {
    return AppOptions.onPort(3000, Map.of());
  }

  static TestChannel to(InMemoryApp app, AppOptions options) {
    return new TestChannel(options, app, new Inline(), builder -> {});
  }

  static TestChannel to(
      InMemoryApp app, AppOptions options, Consumer<EmbeddedRuntime.Builder> more) {
    return new TestChannel(options, app, new Inline(), more);
  }

  static TestChannel to(InMemoryApp app, AppOptions options, Threads threads) {
    return new TestChannel(options, app, threads, builder -> {});
  }

  void advance(Duration duration) {
    time.advance(duration);
  }

  @Override
  public void close() {
    runtime.close();
  }

  /** Runs everything at once, on the thread that asks. */
  static class Inline implements Threads {
    @Override
    public void execute(String name, Runnable task) {
      task.run();
    }

    @Override
    public Thread start(String name, Runnable loop) {
      throw new UnsupportedOperationException("a channel has no thread of its own");
    }
  }
}

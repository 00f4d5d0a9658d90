// SPDX-License-Identifier: Apache-2.0
package dev.pillion.runtime;

import dev.pillion.component.Component;
import dev.pillion.component.ComponentContext;
import dev.pillion.concurrent.Deadline;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import java.util.function.Consumer;

/** A component that writes down what happens to it, and behaves as a test says. */
final class Backend implements Component {
  private final String name;
  private final List<String> events;
  /** What the first attempts to open end with; the rest succeed. */
  final Deque<Throwable> failures = new ArrayDeque<>();

  Consumer<ComponentContext> opening = context -> {};
  Runnable closing = () -> {};
  RuntimeException probing;

  Backend(String name, List<String> events) {
    this.name = name;
    this.events = events;
  }

  Backend failing(Throwable... throwables) {
    failures.addAll(List.of(throwables));
    return this;
  }

  @Override
  public String type() {
    return "test.backend";
  }

  @Override
  public void open(ComponentContext context) {
    events.add("open " + name);
    opening.accept(context);
    var failure = failures.poll();
    if (failure instanceof Error error) {
      throw error;
    }
    if (failure != null) {
      throw (RuntimeException) failure;
    }
  }

  @Override
  public void probe(Deadline deadline) {
    if (probing != null) {
      throw probing;
    }
  }

  @Override
  public void close() {
    events.add("close " + name);
    closing.run();
  }
}

// SPDX-License-Identifier: Apache-2.0
package dev.pillion.invocation.engine;

import dev.pillion.HandlerRegistration;
import dev.pillion.concurrent.Deadline;
import dev.pillion.concurrent.TimeSource;
import dev.pillion.invocation.InvocationException;
import dev.pillion.invocation.RequestHandler;
import java.time.Duration;
import java.util.function.Consumer;

/** One registered method. */
final class Method implements HandlerRegistration {
  private final String name;
  private final RequestHandler handler;
  private final Consumer<Method> remove;
  private final TimeSource time;
  private final Duration drainTimeout;
  private final InFlight running = new InFlight();
  private volatile boolean paused;

  /**
   * @param remove takes it, and nothing else, out of the table, so that nobody finds it any more
   */
  Method(
      String name,
      RequestHandler handler,
      Consumer<Method> remove,
      TimeSource time,
      Duration drainTimeout) {
    this.name = name;
    this.handler = handler;
    this.remove = remove;
    this.time = time;
    this.drainTimeout = drainTimeout;
  }

  /** Whether it handles whatever has no handler of its own. */
  boolean isForOthers() {
    return name.equals(Methods.OTHERS);
  }

  RequestHandler handler() {
    return handler;
  }

  /** @throws InvocationException with status 503 when it is paused or closed */
  void enter() {
    if (paused) {
      throw new InvocationException(503, "the method \"%s\" is paused".formatted(name));
    }
    if (!running.enter()) {
      throw new InvocationException(503, "the method \"%s\" is closed".formatted(name));
    }
    Within.enter(this);
  }

  void leave() {
    Within.leave();
    running.leave();
  }

  @Override
  public void pause() {
    paused = true;
  }

  @Override
  public void resume() {
    paused = false;
  }

  @Override
  public void close() {
    remove.accept(this);
    running.close(Deadline.after(drainTimeout, time), Within.callsOf(this));
  }
}

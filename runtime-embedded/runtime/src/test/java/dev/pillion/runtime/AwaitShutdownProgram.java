// SPDX-License-Identifier: Apache-2.0
package dev.pillion.runtime;

import dev.pillion.component.Component;
import dev.pillion.component.ComponentContext;
import java.util.List;
import java.util.concurrent.CountDownLatch;

/** A program as {@link AwaitShutdownTest} runs it in a JVM of its own; says what it does. */
final class AwaitShutdownProgram {
  private AwaitShutdownProgram() {}

  public static void main(String[] args) throws InterruptedException {
    var closing = new CountDownLatch(1);
    var component = new Component() {
      @Override
      public void open(ComponentContext context) {}

      @Override
      public void close() {
        closing.countDown();
        say("component closing");
        if (args[0].equals("busy")) {
          letTheHookBegin();
        }
        say("component closed");
      }
    };
    var runtime = EmbeddedRuntime.builder("child").component("a", component).start();
    switch (args[0]) {
      case "await" -> {
        say("ready");
        runtime.awaitShutdown();
        say("released");
      }
      case "busy" -> {
        var closer = new Thread(runtime::close);
        closer.setDaemon(true);
        var waiter = new Thread(() -> {
          try {
            runtime.awaitShutdown();
          } catch (InterruptedException e) {
            say("interrupted");
          }
        });
        waiter.start();
        awaitHook();
        closer.start();
        closing.await();
        say("ready");
        waiter.join();
      }
      default -> throw new IllegalArgumentException(args[0]);
    }
  }

  /** The waiter has installed its hook once it waits for the close. */
  private static void awaitHook() {
    while (Thread.getAllStackTraces().values().stream()
        .map(List::of)
        .noneMatch(stack -> isIn(stack, ShutdownHook.class) && isIn(stack, CountDownLatch.class))) {
      Thread.onSpinWait();
    }
  }

  private static boolean isIn(List<StackTraceElement> stack, Class<?> type) {
    return stack.stream().anyMatch(frame -> frame.getClassName().equals(type.getName()));
  }

  private static void letTheHookBegin() {
    while (Thread.getAllStackTraces().keySet().stream()
        .noneMatch(thread -> thread.getName().equals("child/shutdown"))) {
      Thread.onSpinWait();
    }
  }

  private static void say(String line) {
    System.out.println(line);
    System.out.flush();
  }
}

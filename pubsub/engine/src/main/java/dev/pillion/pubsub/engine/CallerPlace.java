// SPDX-License-Identifier: Apache-2.0
package dev.pillion.pubsub.engine;

import dev.pillion.Handlers;
import java.util.Set;

/** Where a program registers a handler, for messages and descriptions. */
final class CallerPlace {
  private static final StackWalker STACK =
      StackWalker.getInstance(StackWalker.Option.RETAIN_CLASS_REFERENCE);
  private static final Set<Class<?>> OURS =
      Set.of(CallerPlace.class, HandlerRequest.class, PubSubEngine.class);

  private CallerPlace() {}

  /** File and line of whoever has called a registry of handlers. */
  static String find() {
    return STACK.walk(frames -> frames
        .filter(frame -> !OURS.contains(frame.getDeclaringClass())
            && !Handlers.class.isAssignableFrom(frame.getDeclaringClass()))
        .findFirst()
        .map(CallerPlace::text)
        .orElse("code"));
  }

  private static String text(StackWalker.StackFrame frame) {
    var file = frame.getFileName();
    return file == null || frame.getLineNumber() < 0
        ? frame.getClassName()
        : file + ":" + frame.getLineNumber();
  }
}

// SPDX-License-Identifier: Apache-2.0
package dev.pillion;

import java.util.Map;
import java.util.Set;

/**
 * The language of conditions that users write: subscription routing rules and the trips of circuit
 * breakers. Found by {@link java.util.ServiceLoader}; {@code pillion-cel} brings the one that Dapr
 * has. Thread-safe.
 */
public interface Expressions {
  /**
   * Compiles a condition. A variable that nobody knows yet is no fault here, as in Dapr; it is one
   * when the condition is evaluated without it. A language that can tell refuses what can't be true
   * or false whatever the variables are.
   *
   * @throws IllegalArgumentException when the text is no expression; the message names place and
   *     reason
   */
  Condition compile(String text);

  /**
   * Compiles a condition of which all variables are known, and are whole numbers. A language that
   * can tell refuses every other name, and what can't be true or false whatever the numbers are.
   *
   * @param numbers the names of the variables
   * @throws IllegalArgumentException when the text is no such condition; the message names place
   *     and reason
   */
  default Condition compile(String text, Set<String> numbers) {
    return compile(text);
  }

  /** One compiled condition. Immutable, thread-safe. */
  interface Condition {
    /**
     * Evaluates it.
     *
     * @param variables values by name: null, boolean, long, double, text, {@code byte[]}, lists and
     *     maps of these
     * @throws EvaluationException when a variable or member is missing, types do not fit, or the
     *     result is neither true nor false
     */
    boolean test(Map<String, ?> variables) throws EvaluationException;

    /** The variables that it names; none where the language can't tell. Unmodifiable. */
    default Set<String> variables() {
      return Set.of();
    }
  }

  /** A condition could not be decided. The message never holds a value. */
  final class EvaluationException extends Exception {
    private static final long serialVersionUID = 1;

    /** Why. */
    public EvaluationException(String message, Throwable cause) {
      super(message, cause);
    }
  }
}

// SPDX-License-Identifier: Apache-2.0
package dev.pillion.cel;

import dev.cel.common.CelErrorCode;
import dev.cel.common.CelSource;
import dev.cel.common.values.CelByteString;
import dev.cel.common.values.NullValue;
import dev.cel.runtime.CelEvaluationException;
import dev.cel.runtime.Program;
import dev.pillion.Expressions.Condition;
import dev.pillion.Expressions.EvaluationException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** One checked expression. */
final class CelCondition implements Condition {
  /** CEL tells the offset of a failure in the message alone. */
  private static final Pattern OFFSET = Pattern.compile("^evaluation error at [^:]*:(\\d+):");

  private final String text;
  private final Set<String> names;
  private final CelSource source;
  private final Program program;

  CelCondition(String text, Set<String> names, CelSource source, Program program) {
    this.text = text;
    this.names = names;
    this.source = source;
    this.program = program;
  }

  @Override
  public Set<String> variables() {
    return names;
  }

  @Override
  public boolean test(Map<String, ?> variables) throws EvaluationException {
    Object result;
    try {
      result = program.eval(bind(variables));
    } catch (CelEvaluationException e) {
      throw new EvaluationException(
          "%s can't be decided%s: %s"
              .formatted(CelExpressions.quoted(text), place(e), reason(e.getErrorCode())),
          withoutValues(e));
    }
    if (result instanceof Boolean decided) {
      return decided;
    }
    var reason = "%s can't be decided: its result is neither true nor false"
        .formatted(CelExpressions.quoted(text));
    throw new EvaluationException(
        reason, new ClassCastException(result.getClass().getName()));
  }

  /** Only what the expression names: an event may be large. */
  private Map<String, Object> bind(Map<String, ?> variables) {
    var bound = new HashMap<String, Object>();
    for (String name : names) {
      if (variables.containsKey(name)) {
        bound.put(name, value(variables.get(name)));
      }
    }
    return bound;
  }

  private static Object value(@Nullable Object value) {
    if (value == null) {
      return NullValue.NULL_VALUE;
    }
    if (value instanceof String
        || value instanceof Boolean
        || value instanceof Long
        || value instanceof Double) {
      return value;
    }
    if (value instanceof byte[] bytes) {
      return CelByteString.of(bytes);
    }
    if (value instanceof Map<?, ?> map) {
      var converted = new HashMap<Object, Object>();
      map.forEach((key, member) -> converted.put(value(key), value(member)));
      return converted;
    }
    if (value instanceof List<?> list) {
      var converted = new ArrayList<Object>(list.size());
      list.forEach(member -> converted.add(value(member)));
      return converted;
    }
    throw new IllegalArgumentException(
        "a variable holds a %s; there are null, boolean, long, double, text, byte[], lists and maps"
            .formatted(value.getClass().getName()));
  }

  private String place(CelEvaluationException e) {
    var offset = OFFSET.matcher(String.valueOf(e.getMessage()));
    return offset.find()
        ? source
            .getOffsetLocation(Integer.parseInt(offset.group(1)))
            .map(location -> " at " + CelExpressions.place(location))
            .orElse("")
        : "";
  }

  /** In words of our own: CEL's may repeat keys, texts and numbers of an event. */
  private static String reason(CelErrorCode code) {
    return switch (code) {
      case ATTRIBUTE_NOT_FOUND -> "a variable or member is missing, has() asks for a member";
      case INDEX_OUT_OF_BOUNDS -> "a list has no such index";
      case DIVIDE_BY_ZERO -> "division by zero";
      case NUMERIC_OVERFLOW -> "a number is out of range";
      case OVERLOAD_NOT_FOUND -> "types do not fit";
      case BAD_FORMAT, INVALID_ARGUMENT -> "a value has not the form that is asked for";
      case ITERATION_BUDGET_EXCEEDED ->
        "more than %d steps of macros".formatted(CelExpressions.MAX_ITERATIONS);
      default -> "a value is not what is asked for (%s)".formatted(code);
    };
  }

  /** The stack alone: whoever logs the cause must not log what CEL's message repeats. */
  private static Exception withoutValues(CelEvaluationException e) {
    var cause = new IllegalStateException(e.getErrorCode().name());
    cause.setStackTrace(e.getStackTrace());
    return cause;
  }
}

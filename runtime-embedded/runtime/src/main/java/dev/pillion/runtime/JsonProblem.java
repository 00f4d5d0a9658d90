// SPDX-License-Identifier: Apache-2.0
package dev.pillion.runtime;

import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.JsonToken;
import com.fasterxml.jackson.core.exc.InputCoercionException;
import com.fasterxml.jackson.core.exc.StreamConstraintsException;
import com.fasterxml.jackson.core.exc.StreamReadException;
import com.fasterxml.jackson.core.io.JsonEOFException;
import com.fasterxml.jackson.databind.JsonMappingException;
import com.fasterxml.jackson.databind.exc.InvalidFormatException;
import com.fasterxml.jackson.databind.exc.MismatchedInputException;
import com.fasterxml.jackson.databind.exc.UnrecognizedPropertyException;
import com.fasterxml.jackson.databind.exc.ValueInstantiationException;
import java.io.IOException;
import java.util.Collection;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * Where and why JSON and a type don't fit, in words of our own: Jackson's repeat the payload, which
 * may be secret.
 */
final class JsonProblem {
  private static final Set<Class<?>> PRIMITIVE_NUMBERS =
      Set.of(byte.class, short.class, int.class, long.class, float.class, double.class);

  private JsonProblem() {}

  /** What stands behind "can't be read"; empty when nothing is known. */
  static String of(IOException e) {
    var what = what(e);
    return place(e) + (what.isEmpty() ? "" : ": " + what);
  }

  static String place(IOException e) {
    if (e instanceof JsonMappingException mapping && !mapping.getPath().isEmpty()) {
      return ", at "
          + mapping.getPath().stream().map(JsonProblem::step).collect(Collectors.joining("."));
    }
    if (e instanceof JsonProcessingException processing && processing.getLocation() != null) {
      return ", at byte " + processing.getLocation().getByteOffset();
    }
    return "";
  }

  /** A property's name is the program's; the key of a map is the payload's. */
  private static String step(JsonMappingException.Reference step) {
    if (step.getFieldName() == null) {
      return "[" + step.getIndex() + "]";
    }
    return step.getFrom() instanceof Map || step.getFrom() == Map.class
        ? "[*]"
        : step.getFieldName();
  }

  private static String what(@Nullable Throwable e) {
    if (e instanceof JsonEOFException) {
      return "it ends too early";
    }
    if (e instanceof InputCoercionException) {
      return "a number that is out of range";
    }
    if (e instanceof StreamConstraintsException) {
      return "it is nested too deeply, or a part of it is too long";
    }
    if (e instanceof StreamReadException) {
      return "it is no JSON there";
    }
    if (e instanceof UnrecognizedPropertyException) {
      return "a property that the type does not have";
    }
    if (e instanceof ValueInstantiationException) {
      return "the type refuses the value";
    }
    if (e instanceof InvalidFormatException format) {
      return mismatch(kind(format.getValue()), format.getTargetType());
    }
    if (e instanceof MismatchedInputException mismatch) {
      return mismatch(mismatch);
    }
    return e instanceof JsonMappingException wrapped ? what(wrapped.getCause()) : "";
  }

  private static String mismatch(MismatchedInputException e) {
    // Of the two things that have no class of their own, only the message tells one.
    if (e.getOriginalMessage().startsWith("Trailing token")) {
      return "more stands behind the value";
    }
    var token = e.getProcessor() instanceof JsonParser parser ? parser.currentToken() : null;
    return token == null ? "" : mismatch(kind(token), e.getTargetType());
  }

  private static String mismatch(String given, @Nullable Class<?> target) {
    if (given.isEmpty() || target == null) {
      return "";
    }
    var wanted = wanted(target);
    if (wanted.isEmpty()) {
      return "%s that is no %s".formatted(given, target.getSimpleName());
    }
    return wanted.equals(given)
        ? "%s that is no %s".formatted(given, target.getSimpleName())
        : "%s where %s is needed".formatted(given, wanted);
  }

  private static String kind(JsonToken token) {
    return switch (token) {
      case VALUE_STRING -> "a string";
      case VALUE_NUMBER_INT, VALUE_NUMBER_FLOAT -> "a number";
      case VALUE_TRUE, VALUE_FALSE -> "true or false";
      case VALUE_NULL -> "null";
      case START_ARRAY -> "an array";
      case START_OBJECT, FIELD_NAME -> "an object";
      default -> "";
    };
  }

  private static String kind(@Nullable Object value) {
    return value instanceof String ? "a string" : value instanceof Number ? "a number" : "";
  }

  /** What JSON calls it; empty for a type that JSON has no word for. */
  private static String wanted(Class<?> target) {
    if (Number.class.isAssignableFrom(target) || PRIMITIVE_NUMBERS.contains(target)) {
      return "a number";
    }
    if (target == boolean.class || target == Boolean.class) {
      return "true or false";
    }
    if (target == String.class) {
      return "a string";
    }
    return target.isArray() || Collection.class.isAssignableFrom(target) ? "an array" : "";
  }
}

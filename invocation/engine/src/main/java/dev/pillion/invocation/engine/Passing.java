// SPDX-License-Identifier: Apache-2.0
package dev.pillion.invocation.engine;

import dev.pillion.Immutable;
import dev.pillion.Serializer;
import dev.pillion.TypeRef;
import java.lang.reflect.Modifier;
import java.lang.reflect.RecordComponent;
import java.math.BigDecimal;
import java.math.BigInteger;
import java.net.URI;
import java.util.Arrays;
import java.util.HashSet;
import java.util.Set;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * How a value gets from one side of a call inside the JVM to the other: what never changes as it
 * is, bytes as a copy, all else through the serializers of both sides, as between JVMs.
 */
final class Passing {
  private static final Set<Class<?>> KNOWN = Set.of(
      String.class,
      Boolean.class,
      Byte.class,
      Short.class,
      Character.class,
      Integer.class,
      Long.class,
      Float.class,
      Double.class,
      BigInteger.class,
      BigDecimal.class,
      UUID.class,
      URI.class);

  private static final ClassValue<Boolean> IMMUTABLE = new ClassValue<>() {
    @Override
    protected Boolean computeValue(Class<?> type) {
      return isImmutable(type, new HashSet<>());
    }
  };

  private Passing() {}

  /**
   * The value as the other side gets it.
   *
   * @param from of the side that has the value
   * @param to of the side that gets it
   */
  @SuppressWarnings("unchecked") // An instance of its class is an instance of T.
  static <T> @Nullable T pass(
      @Nullable Object value, TypeRef<T> type, Serializer from, Serializer to) {
    if (value == null) {
      return null;
    }
    var wanted = type.type();
    if (wanted == void.class) {
      return null;
    }
    if (wanted instanceof Class<?> raw) {
      if (raw.isInstance(value) && IMMUTABLE.get(value.getClass())) {
        return (T) value;
      }
      if (value instanceof byte[] bytes) {
        return raw == byte[].class ? (T) bytes.clone() : to.deserialize(bytes, type);
      }
      if (raw == byte[].class) {
        return (T) from.serialize(value);
      }
    }
    return to.deserialize(value instanceof byte[] bytes ? bytes : from.serialize(value), type);
  }

  /** By what is declared alone: an object's own class may be a child that does change. */
  private static boolean isImmutable(Class<?> type, Set<Class<?>> asked) {
    if (type.isPrimitive() || KNOWN.contains(type) || type.isAnnotationPresent(Immutable.class)) {
      return true;
    }
    if (type.isEnum() || (type.getSuperclass() != null && type.getSuperclass().isEnum())) {
      return true;
    }
    if (type.getPackageName().equals("java.time")) {
      return Modifier.isFinal(type.getModifiers());
    }
    // One that contains itself is as good as its other components.
    return type.isRecord()
        && (!asked.add(type)
            || Arrays.stream(type.getRecordComponents())
                .map(RecordComponent::getType)
                .allMatch(part -> isImmutable(part, asked)));
  }
}

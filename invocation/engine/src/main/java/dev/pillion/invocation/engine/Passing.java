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

  /** What a value that is none passes as. */
  private static final Object NOTHING = new Object();

  private Passing() {}

  /**
   * A value that changes sides as bytes. Another attempt may need them again: none may keep them.
   */
  private static final class Serialized {
    final byte[] bytes;

    Serialized(byte[] bytes) {
      this.bytes = bytes;
    }
  }

  /**
   * The value as it leaves the side that has it.
   *
   * @param type what the other side wants
   * @param from the serializer of this side
   */
  static Object leave(@Nullable Object value, TypeRef<?> type, Serializer from) {
    var wanted = type.type();
    if (value == null || wanted == void.class) {
      return NOTHING;
    }
    if (wanted instanceof Class<?> raw
        && raw.isInstance(value)
        && IMMUTABLE.get(value.getClass())) {
      return value;
    }
    return new Serialized(value instanceof byte[] bytes ? bytes : from.serialize(value));
  }

  /**
   * What has {@linkplain #leave left} the other side, as this one gets it.
   *
   * @param to the serializer of this side
   */
  @SuppressWarnings("unchecked") // What left as it was is an instance of T.
  static <T> @Nullable T arrive(Object passed, TypeRef<T> type, Serializer to) {
    if (!(passed instanceof Serialized serialized)) {
      return passed == NOTHING ? null : (T) passed;
    }
    return type.type() == byte[].class
        ? (T) serialized.bytes.clone()
        : to.deserialize(serialized.bytes, type);
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

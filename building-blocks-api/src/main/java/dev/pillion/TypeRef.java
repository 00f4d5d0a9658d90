// SPDX-License-Identifier: Apache-2.0
package dev.pillion;

import java.lang.reflect.ParameterizedType;
import java.lang.reflect.Type;
import java.util.Objects;

/**
 * A Java type with its type arguments: {@code new TypeRef<List<Order>>() {}}.
 *
 * <p>Immutable and thread-safe; two references to the same type are equal.
 *
 * @param <T> the type referred to
 */
public abstract class TypeRef<T> {
  private final Type type;

  /** Captures the type argument of the anonymous subclass that is being constructed. */
  protected TypeRef() {
    if (!(getClass().getGenericSuperclass() instanceof ParameterizedType parent)) {
      throw new IllegalArgumentException(
          "a TypeRef needs its type argument: new TypeRef<List<Order>>() {}");
    }
    this.type = parent.getActualTypeArguments()[0];
  }

  private TypeRef(Type type) {
    this.type = Objects.requireNonNull(type, "type");
  }

  /** The reference to a plain class. */
  public static <T> TypeRef<T> of(Class<T> type) {
    return new Plain<>(type);
  }

  /** The reference to a type that is known only at run time; the caller vouches for {@code T}. */
  public static <T> TypeRef<T> of(Type type) {
    return new Plain<>(type);
  }

  /** The type as reflection describes it. */
  public final Type type() {
    return type;
  }

  @Override
  public final boolean equals(Object other) {
    return other instanceof TypeRef<?> that && type.equals(that.type);
  }

  @Override
  public final int hashCode() {
    return type.hashCode();
  }

  @Override
  public final String toString() {
    return type.getTypeName();
  }

  private static final class Plain<T> extends TypeRef<T> {
    Plain(Type type) {
      super(type);
    }
  }
}

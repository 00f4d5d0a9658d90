// SPDX-License-Identifier: Apache-2.0
package dev.pillion;

import java.lang.annotation.Documented;
import java.lang.annotation.ElementType;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;

/**
 * Says that no object of a class ever changes, nor anything that can be reached from it: calls
 * inside one JVM then pass it as it is, where others are copied. Enums, {@code java.time}, boxed
 * values, strings, and records made of such alone need no mark. It is not inherited.
 */
@Documented
@Retention(RetentionPolicy.RUNTIME)
@Target(ElementType.TYPE)
public @interface Immutable {}

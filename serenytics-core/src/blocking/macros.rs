//! What the blocking types are written with: each method is the async one of its name.

/// Gives async types their blocking ones, which are structs of the same names with the fields `inner` and `runtime`.
macro_rules! wraps {
    ($($name:ident $(<$parameter:tt>)?;)+) => {$(
        impl $(<$parameter>)? $crate::blocking::IntoBlocking for $crate::$name $(<$parameter>)? {
            type Blocking = $name $(<$parameter>)?;

            fn blocking(self, runtime: &$crate::blocking::runtime::Runtime) -> Self::Blocking {
                $name { inner: self, runtime: runtime.clone() }
            }
        }
    )+};
}

/// Methods that wait for those of the same name.
macro_rules! waits {
    ($($async:ident: $(<$generic:ident $(: $bound:ident $(+ $lifetime:lifetime)?)?>)? $name:ident(&self $(, $argument:ident: $type:ty)*) -> $result:ty;)+) => {$(
        #[doc = concat!("Waits for [`", stringify!($async), "::", stringify!($name), "`](crate::", stringify!($async), "::", stringify!($name), ").")]
        ///
        /// # Errors
        /// Its errors; and a call from within async code.
        pub fn $name $(<$generic $(: $bound $(+ $lifetime)?)?>)? (&self $(, $argument: $type)*) -> Result<$result, $crate::Error> {
            self.runtime.wait(self.inner.$name($($argument),*))
        }
    )+};
}

/// Methods that wait for those of the same name, and what they give waits too.
macro_rules! gives {
    ($($async:ident: $(<$generic:ident $(: $bound:ident $(+ $lifetime:lifetime)?)?>)? $name:ident(&self $(, $argument:ident: $type:ty)*) -> $result:ty;)+) => {$(
        #[doc = concat!("Waits for [`", stringify!($async), "::", stringify!($name), "`](crate::", stringify!($async), "::", stringify!($name), ").")]
        ///
        /// # Errors
        /// Its errors; and a call from within async code.
        pub fn $name $(<$generic $(: $bound $(+ $lifetime)?)?>)? (&self $(, $argument: $type)*) -> Result<$result, $crate::Error> {
            let given = self.runtime.wait(self.inner.$name($($argument),*))?;
            Ok($crate::blocking::IntoBlocking::blocking(given, &self.runtime))
        }
    )+};
}

/// Methods that wait for those of the same name, and are the last of what they are called on.
macro_rules! ends {
    ($($async:ident: $name:ident(self) -> $result:ty;)+) => {$(
        #[doc = concat!("Waits for [`", stringify!($async), "::", stringify!($name), "`](crate::", stringify!($async), "::", stringify!($name), ").")]
        ///
        /// # Errors
        /// Its errors; and a call from within async code.
        pub fn $name(self) -> Result<$result, $crate::Error> {
            self.runtime.wait(self.inner.$name())
        }
    )+};
}

/// Methods of the same name that begin something, which waits.
macro_rules! begins {
    ($($(#[$attribute:meta])? $async:ident: $name:ident(&self $(, $argument:ident: $type:ty)*) -> $result:ty;)+) => {$(
        #[doc = concat!("See [`", stringify!($async), "::", stringify!($name), "`](crate::", stringify!($async), "::", stringify!($name), ").")]
        $(#[$attribute])?
        pub fn $name(&self $(, $argument: $type)*) -> $result {
            $crate::blocking::IntoBlocking::blocking(self.inner.$name($($argument),*), &self.runtime)
        }
    )+};
}

/// Methods of the same name that wait for nothing.
macro_rules! tells {
    ($($async:ident: $name:ident(&self $(, $argument:ident: $type:ty)*) -> $result:ty;)+) => {$(
        #[doc = concat!("See [`", stringify!($async), "::", stringify!($name), "`](crate::", stringify!($async), "::", stringify!($name), ").")]
        #[must_use]
        pub fn $name(&self $(, $argument: $type)*) -> $result {
            self.inner.$name($($argument),*)
        }
    )+};
}

/// Methods of the same name that change what is here, and send nothing.
macro_rules! changes {
    ($($async:ident: $name:ident(&mut self $(, $argument:ident: $type:ty)*) $(-> $result:ty)?;)+) => {$(
        #[doc = concat!("See [`", stringify!($async), "::", stringify!($name), "`](crate::", stringify!($async), "::", stringify!($name), ").")]
        pub fn $name(&mut self $(, $argument: $type)*) $(-> $result)? {
            self.inner.$name($($argument),*)
        }
    )+};
}

/// Setters of the same name.
macro_rules! sets {
    ($($async:ident: $(<$generic:ident: $bound:path>)? $name:ident(self $(, $argument:ident: $type:ty)*);)+) => {$(
        #[doc = concat!("See [`", stringify!($async), "::", stringify!($name), "`](crate::", stringify!($async), "::", stringify!($name), ").")]
        pub fn $name $(<$generic: $bound>)? (mut self $(, $argument: $type)*) -> Self {
            self.inner = self.inner.$name $(::<$generic>)? ($($argument),*);
            self
        }
    )+};
}

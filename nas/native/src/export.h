/* Marks the functions that nas calls through ctypes. */

#ifndef NAS_EXPORT_H
#define NAS_EXPORT_H

#if defined(_WIN32)
#define EXPORT __declspec(dllexport)
#else
#define EXPORT __attribute__((visibility("default")))
#endif

#endif

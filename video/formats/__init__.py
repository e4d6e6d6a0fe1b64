"""Where frames come from: one package a family of files, none knowing another."""
